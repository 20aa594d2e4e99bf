// The Wasm instance. Its state is cache only: after a call that throws, it is replaced by a new one.

import module from "./latchkey_worker_bg.wasm";
// By name, so that the bundle has nothing of what the glue offers besides.
import {
  __wbg_reset_state,
  ask,
  askWithBody,
  configure as configureCore,
  failForTests,
  headerNames,
  hint,
  initSync,
  judgeField,
  learnFeed,
  learnGrant,
  refuse,
  refuseAdmin,
  via as viaEntry,
  Workspace,
} from "../build/glue/latchkey_worker.js";

const exported = {
  ask,
  askWithBody,
  configure: configureCore,
  failForTests,
  headerNames,
  hint,
  judgeField,
  learnFeed,
  learnGrant,
  refuse,
  refuseAdmin,
  Workspace,
};

initSync({ module });

let generation = 0;
let poisoned = false;
let places = new Map();
/** What `Via` gets of us. */
export let via;

/** The settings and secrets that core reads, by name. */
const VARIABLES = [
  "LATCHKEY_REVOCATION_BOUND_MS",
  "LATCHKEY_OUTAGE_GRACE_MS",
  "LATCHKEY_BODY_SEARCH_BYTES",
  "LATCHKEY_REPLICA_HORIZON_MS",
  "LATCHKEY_ADMIN_GUESSES_PER_SECOND",
  "LATCHKEY_UPSTREAM_ALLOW",
  "LATCHKEY_ADMIN_TOKEN",
  "LATCHKEY_PEPPER",
  "LATCHKEY_PEPPER_PREVIOUS",
];

export function settingsOf(env) {
  const settings = {};
  for (const name of VARIABLES) if (env[name] !== undefined) settings[name] = String(env[name]);
  return JSON.stringify(settings);
}

/** Calls into Wasm. Whatever is thrown there may have left it half-way: it is never used again. */
export function call(name, ...values) {
  if (poisoned) renew();
  try {
    return exported[name](...values);
  } catch (error) {
    poisoned = true;
    throw error;
  }
}

/** The same for a method of an object in Wasm, of the instance numbered `since`. */
export function callMethod(since, object, name, ...values) {
  if (poisoned || since !== generation) throw new Error("the instance was replaced");
  try {
    return object[name](...values);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) poisoned = true;
    throw error;
  }
}

export function create(className, ...values) {
  if (poisoned) renew();
  try {
    return new exported[className](...values);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) poisoned = true;
    throw error;
  }
}

function renew() {
  __wbg_reset_state();
  poisoned = false;
  generation += 1;
  configured = false;
}

let configured = false;

/** Numbers the instances; those with another number are gone. */
export function currentGeneration() {
  if (poisoned) renew();
  return generation;
}

/** Makes sure that the data plane is there. The error says which setting is wrong. */
export function configure(env) {
  if (configured && !poisoned) return;
  const problem = call("configure", settingsOf(env), crypto.getRandomValues(new Uint8Array(16)));
  if (problem) throw new Unconfigured(problem);
  via ??= viaEntry();
  learnNames();
  configured = true;
}

export class Unconfigured extends Error {}

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
