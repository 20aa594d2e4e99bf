// What both scripts must say alike of the workspace: its object, and its records in KV.

/** The object of the workspace, which is the control script's. */
export function workspace(env) {
  return env.WORKSPACE.get(env.WORKSPACE.idFromName("default"));
}

/** The MAC beside a record in KV; empty: there is none. */
export function macOf(metadata) {
  return typeof metadata?.mac === "string" ? metadata.mac : "";
}
