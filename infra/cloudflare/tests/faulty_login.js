// The log-in script with faults to be asked for: bundled by the tests, never deployed.

import { Login as Real } from "../login/src/index.js";

/** Set through `/?name=value`; the objects see them too. */
const faults = new Map();
let starts = 0;

export class Login extends Real {
  constructor(ctx, env) {
    super(ctx, env);
    starts += 1;
  }

  async attempt(need) {
    if (faults.get("attempt") === "throws") throw new Error("the log-in fails for a test");
    if (faults.get("attempt") === "ends the object") this.ctx.abort("for a test");
    if (faults.get("attempt") === "stalls") await scheduler.wait(2_000);
    return super.attempt(need);
  }
}

export default {
  fetch(request) {
    for (const [name, value] of new URL(request.url).searchParams) faults.set(name, value);
    return Response.json({ starts });
  },
};
