// The gateway in Wasm.

import module from "./latchkey_worker_gateway_bg.wasm";
// By name, so that the bundle has nothing of what the glue offers besides.
import {
  __wbg_reset_state,
  ask,
  askWithBody,
  configure as configureCore,
  failForTests,
  headerNames,
  initSync,
  isOwnCookie,
  judgeField,
  learnFeed,
  learnGrant,
  refuse,
  refuseUnconfigured,
  responseFields,
  via as viaEntry,
  withoutOwnCookies,
} from "../../build/gateway/glue/latchkey_worker_gateway.js";
import { manage, settingsOf, Unconfigured } from "../../shared/src/instance.js";

initSync({ module });

const instance = manage(
  {
    ask,
    askWithBody,
    configure: configureCore,
    failForTests,
    headerNames,
    isOwnCookie,
    judgeField,
    learnFeed,
    learnGrant,
    refuse,
    refuseUnconfigured,
    responseFields,
    via: viaEntry,
    withoutOwnCookies,
  },
  __wbg_reset_state,
);
/** `currentGeneration`: what was asked for by an instance with another number is nothing for this one. */
export const { call, currentGeneration } = instance;

/** The generation that is configured. */
let configured = -1;
let places = new Map();
/** What `Via` gets of us. */
export let via;
/** The names of the fields that an upstream's response is added, in lower case. */
export let fieldsAdded;
/** Whether latencies are among them. */
export let tellsLatency;

/** Makes sure that the data plane is there. The error says which setting is wrong. */
export function configure(env) {
  const generation = currentGeneration();
  if (configured === generation) return;
  const problem = call("configure", settingsOf(env), crypto.getRandomValues(new Uint8Array(16)));
  if (problem) throw new Unconfigured(problem);
  via = call("via");
  fieldsAdded = call("responseFields").split("\n").filter((name) => name !== "");
  tellsLatency = fieldsAdded.some((name) => name.endsWith("-latency"));
  learnNames();
  configured = generation;
}

/** Core's wishes may have changed with the configuration. */
export function learnNames() {
  places = new Map(call("headerNames").split("\n").map((name, place) => [name, place]));
}

/** The fields that core reads, each with the place of its value in a description. */
export function headerPlaces() {
  return places;
}

/** Names that core has judged: most requests have the same ones. Clients can send others, without end. */
const judged = new Map();
const JUDGED_MAX = 1000;
const JUDGED_NAME_MAX = 100;

/**
 * What becomes of fields of a name, in lower case: whether no request passes them on, and no response
 * back, as they are; and the spelling that all names have in common that are the same.
 */
export function judge(name) {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const text = call("judgeField", name);
  const withheld = Number(text[0]);
  const judgement = { isWithheld: (withheld & 1) !== 0, isWithheldBack: (withheld & 2) !== 0, folded: text.slice(1) };
  if (judged.size < JUDGED_MAX && name.length <= JUDGED_NAME_MAX) judged.set(name, judgement);
  return judgement;
}
