// Attempts at log-ins and the hash, in Wasm.

import module from "./latchkey_worker_login_bg.wasm";
// By name, so that the bundle has nothing of what the glue offers besides.
import { __wbg_reset_state, busy, initSync, LogIns } from "../../build/login/glue/latchkey_worker_login.js";
import { manage } from "../../shared/src/instance.js";

initSync({ module });

export const { call, callMethod, create, currentGeneration } = manage({ busy, LogIns }, __wbg_reset_state);
