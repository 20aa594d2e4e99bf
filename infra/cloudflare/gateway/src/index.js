// The gateway's script: asks core what is to become of a request, fetches what it needs, does what it says.

import { lastWords, ownResponse } from "../../shared/src/answer.js";
import { readBody } from "../../shared/src/body.js";
import { Unconfigured } from "../../shared/src/instance.js";
import { trace } from "../../shared/src/log.js";
import { call, configure } from "./core.js";
import { describe } from "./describe.js";
import { forward } from "./forward.js";
import { beside, learnFeed, learnGrant } from "./learn.js";
import { Refusal } from "./refusal.js";

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
          return ownResponse(text, beside, env, ctx);
        default:
          return await meetNeeds(text, request, asked, env, ctx);
      }
    } catch (error) {
      return failed(error, request, asked, env, ctx);
    }
  },
};

const FORWARD = 70;
const RESPOND = 82;

/** Each kind of text is in worker-adapter/gateway/src/answer.rs. */
async function meetNeeds(text, request, asked, env, ctx) {
  for (let needs = 0; needs < NEEDS_MAX; needs += 1) {
    const [kind, , id, ...rest] = text.split("\n", 6);
    if (id) asked.id = id;
    switch (kind) {
      case "F":
        return await forward(text, request, asked, env, ctx);
      case "R":
        return ownResponse(text, beside, env, ctx);
      case "B":
        await readWhole(request, asked, Number(rest[0]));
        break;
      case "G":
        if (!(await learnGrant(rest, env))) throw new Refusal("stale");
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

async function readWhole(request, asked, max) {
  // A GET keeps its body only as it is: see withOwnBody.
  if (request.method === "GET" || request.method === "HEAD") asked.copy = request.clone();
  const { body, tooLarge, broken } = await readBody(request, max);
  if (broken) throw new Refusal("unreadable");
  Object.assign(asked, { body, tooLarge });
}

/** The client gets an error in core's words; the log says why, without a word of the request. */
function failed(error, request, asked, env, ctx) {
  const isRefusal = error instanceof Refusal;
  if (error instanceof Unconfigured) console.error(error.message);
  else if (!isRefusal) console.error("request failed:", trace(error));
  try {
    if (error instanceof Unconfigured) return ownResponse(call("refuseUnconfigured"), beside, env, ctx);
    configure(env);
    const problem = isRefusal ? error.problem : "internal";
    return ownResponse(call("refuse", describe(request, asked), problem), beside, env, ctx);
  } catch (second) {
    console.error("request failed:", trace(second));
    return lastWords();
  }
}
