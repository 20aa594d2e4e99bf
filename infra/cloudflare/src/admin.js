// Requests to the control plane.

import { ownResponse } from "./answer.js";
import { call } from "./core.js";
import { workspace } from "./learn.js";
import { cause } from "./log.js";

/** The object's answers to the Admin API carry the newest change, for whoever passed them on. */
export const EPOCH = "x-latchkey-epoch";

export async function admin(request, env, ctx) {
  // By the head alone: for whoever has no token no body is read, and the object is not woken.
  const headers = [...request.headers].flat().join("\n");
  const address = request.headers.get("cf-connecting-ip") ?? "";
  const refusal = call("refuseAdmin", request.method, headers, address, Date.now());
  if (refusal) return ownResponse(refusal, env, ctx);
  let answered;
  try {
    answered = await workspace(env).fetch(request);
  } catch (error) {
    console.error("the object did not answer:", cause(error));
    return Response.json(
      { message: "The control plane is out of reach, please try again" },
      { status: 503, headers: { "retry-after": "1" } },
    );
  }
  const response = new Response(answered.body, answered);
  const epoch = response.headers.get(EPOCH);
  if (epoch !== null) {
    response.headers.delete(EPOCH);
    // What this isolate has in memory is older than what its client was just told.
    call("hint", Number(epoch), Date.now());
  }
  return response;
}
