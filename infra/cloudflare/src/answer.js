// Responses made here (worker-adapter/src/answer.rs).

import { beside } from "./learn.js";

export function ownResponse(text, env, ctx) {
  const end = text.indexOf("\n\n");
  const lines = text.slice(0, end).split("\n");
  if (lines[1] !== "-") beside(lines[1], env, ctx);
  const body = text.slice(end + 2);
  const response = new Response(body === "" ? null : body, { status: Number(lines[3]) });
  // One by one: `Headers` made first are copied, and made from pairs take several times as long.
  const { headers } = response;
  for (let at = 4; at < lines.length; at += 2) {
    // The platform has put its own.
    if (lines[at] === "content-type") headers.set(lines[at], lines[at + 1]);
    else headers.append(lines[at], lines[at + 1]);
  }
  return response;
}

/** For when core cannot be asked. */
export function problem(status, message, { id }) {
  const body = id === "" ? { message } : { message, request_id: id };
  return Response.json(body, { status, headers: { server: "latchkey" } });
}

/** Ends a request with one of core's problems. */
export class Refusal extends Error {
  constructor(problem) {
    super(problem);
    this.problem = problem;
  }
}
