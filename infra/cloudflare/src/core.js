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
  learnFeed,
  learnGrant,
  neverPassed as neverPassedNames,
  refuse,
  refuseAdmin,
  responseRules,
  Workspace,
} from "../build/glue/latchkey_worker.js";

const exported = {
  ask,
  askWithBody,
  configure: configureCore,
  failForTests,
  headerNames,
  hint,
  learnFeed,
  learnGrant,
  neverPassed: neverPassedNames,
  refuse,
  refuseAdmin,
  Workspace,
};

initSync({ module });

let generation = 0;
let poisoned = false;
let places = new Map();
let neverPassed;
/** What `Via` gets of us. */
export let via;
let neverPassedBack;

/** The settings and secrets that core reads, by name. */
const VARIABLES = [
  "LATCHKEY_REVOCATION_BOUND_MS",
  "LATCHKEY_OUTAGE_GRACE_MS",
  "LATCHKEY_BODY_SEARCH_BYTES",
  "LATCHKEY_REPLICA_HORIZON_MS",
  "LATCHKEY_ADMIN_GUESSES_PER_SECOND",
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
  if (neverPassed === undefined) {
    neverPassed = new Set(call("neverPassed").split("\n"));
    const [own, ...names] = responseRules().split("\n");
    via = own;
    neverPassedBack = new Set(names);
  }
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

/** Whether no response passes a field back. */
export function isNeverPassedBack(name) {
  return neverPassedBack.has(name);
}

/** Whether no request passes a field on as it is: names compare with `_` as `-`. */
export function isNeverPassed(name) {
  return neverPassed.has(name) || (name.includes("_") && neverPassed.has(name.replaceAll("_", "-")));
}
