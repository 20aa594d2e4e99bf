// The control script: the door, in the plain isolate. What core lets in is asked of the workspace's object;
// what that hangs on, of one of those that hash passwords, in another script, or of the gateway's script.

import { lastWords, ownResponse } from "../../shared/src/answer.js";
import { readBody } from "../../shared/src/body.js";
import { Unconfigured } from "../../shared/src/instance.js";
import { cause, trace } from "../../shared/src/log.js";
import { login } from "../../shared/src/login.js";
import { workspace } from "../../shared/src/workspace.js";
import { makeCall } from "./call.js";
import { call, configure } from "./core.js";

export { Workspace } from "./workspace.js";

export default {
  async fetch(request, env) {
    try {
      configure(env);
      return await answer(request, env);
    } catch (error) {
      const isUnconfigured = error instanceof Unconfigured;
      console.error(isUnconfigured ? error.message : `a request failed: ${trace(error)}`);
      return fault(isUnconfigured ? "unconfigured" : "failed");
    }
  },
};

async function answer(request, env) {
  const { method, url } = request;
  const headers = [...request.headers].flat().join("\n");
  const address = request.headers.get("cf-connecting-ip") ?? "";
  const isOverLimit = !(await isWithinLimit(address, env));
  // By the head alone: for whoever may not come in no body is read, and the object is not woken.
  const told = call("knock", method, url, headers, address, isOverLimit, Date.now());
  const [kind, max] = told.split("\n", 2);
  if (kind !== "L") return ownResponse(told, log);
  const { body, tooLarge, broken } = await readBody(request, Number(max));
  const befell = tooLarge ? "too large" : broken ? "broken" : "";
  if (befell) return ownResponse(call("faultOf", method, url, headers, address, befell), log);
  let answered;
  try {
    answered = await ask(env, [method, url, headers, address, body]);
  } catch (error) {
    console.error("an object did not answer:", cause(error));
    return ownResponse(call("faultOf", method, url, headers, address, "out of reach"), log);
  }
  return ownResponse(answered, log);
}

/** The workspace's answer; where it hangs on a password or a call, in two steps, so that no hash is worked there
 * and no answer of a service waited for. */
async function ask(env, request) {
  const told = await workspace(env).serve(...request, "", "");
  const [kind, name] = told.split("\n", 2);
  if (kind === "C") {
    const [, , , address] = request;
    return workspace(env).serveCalled(...request, await makeCall(told, address, env));
  }
  if (kind !== "P") return told;
  const need = told.slice(kind.length + name.length + 2);
  const outcome = await login(env, name).attempt(need);
  const failed = outcome.startsWith("F") ? name : "";
  return workspace(env).serve(...request, outcome.slice(2), failed);
}

/** By the platform's count of this client, if there is one. */
async function isWithinLimit(address, env) {
  if (env.CLIENTS === undefined) return true;
  try {
    return (await env.CLIENTS.limit({ key: call("limitKey", address) })).success;
  } catch (error) {
    console.warn("clients are not counted:", cause(error));
    return true;
  }
}

/** What is to be done beside a request is only ever logging. */
function log(items) {
  for (const item of items.split(";")) console.warn(item.slice(item.indexOf("=") + 1));
}

/** An answer to what befell a request here, in core's words. */
function fault(why) {
  try {
    return ownResponse(call("fault", why), log);
  } catch (error) {
    console.error("a request failed:", trace(error));
    return lastWords();
  }
}
