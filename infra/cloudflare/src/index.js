// The Worker: asks core what is to become of a request, fetches what it needs, does what it says.

import { call, configure, Unconfigured } from "./core.js";
import { describe } from "./describe.js";
import { forward } from "./forward.js";
import { learnFeed, learnGrant } from "./learn.js";
import { readBody } from "./body.js";
import { ownResponse, problem, Refusal } from "./answer.js";
import { admin } from "./admin.js";
import { trace } from "./log.js";

export { Workspace } from "./workspace.js";

/** Needs met for one request; more mean a defect, which must not hang it. */
const NEEDS_MAX = 200;

export default {
  async fetch(request, env, ctx) {
    const started = Date.now();
    const asked = { started, id: "", body: undefined, tooLarge: false };
    try {
      configure(env);
      const text = call("ask", describe(request, asked));
      // The warm request: no await before the upstream is called.
      switch (text.charCodeAt(0)) {
        case FORWARD:
          return await forward(text, request, asked, env, ctx);
        case RESPOND:
          return ownResponse(text, env, ctx);
        default:
          return await meetNeeds(text, request, asked, env, ctx);
      }
    } catch (error) {
      return failed(error, request, asked);
    }
  },
};

const FORWARD = 70;
const RESPOND = 82;

async function meetNeeds(text, request, asked, env, ctx) {
  for (let needs = 0; needs < NEEDS_MAX; needs += 1) {
    const [kind, , id, ...rest] = text.split("\n", 6);
    if (id) asked.id = id;
    switch (kind) {
      case "F":
        return await forward(text, request, asked, env, ctx);
      case "R":
        return ownResponse(text, env, ctx);
      case "A":
        return await admin(request, env, ctx);
      case "B":
        // A GET keeps its body only as it is: see withBody.
        if (request.method === "GET" || request.method === "HEAD") asked.copy = request.clone();
        Object.assign(asked, await readBody(request, Number(rest[0])));
        break;
      case "G":
        if (!(await learnGrant(rest, env))) return refuse(request, asked, "stale", env, ctx);
        break;
      case "P":
        await learnFeed(rest[0], env);
        break;
      case "W":
        await scheduler.wait(Number(rest[0]));
        break;
      default:
        throw new Error("core answered what is not known here");
    }
    configure(env);
    const described = describe(request, asked);
    const hasBody = asked.tooLarge || asked.body !== undefined;
    text = hasBody ? call("askWithBody", described, asked.body) : call("ask", described);
  }
  throw new Error("a decision does not end");
}

function refuse(request, asked, why, env, ctx) {
  return ownResponse(call("refuse", describe(request, asked), why), env, ctx);
}

/** The client gets a JSON error; the log says why, without a word of the request. */
function failed(error, request, asked) {
  if (error instanceof Unconfigured) {
    console.error(error.message);
    return problem(503, "The gateway is not configured", asked);
  }
  if (error instanceof Refusal) {
    try {
      return refuse(request, asked, error.problem);
    } catch (second) {
      error = second;
    }
  }
  console.error("request failed:", trace(error));
  return problem(500, "An unexpected error occurred", asked);
}
