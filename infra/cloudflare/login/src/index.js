// The log-in script: nothing but its objects, which the control script is bound to. No address leads here.

export { Login } from "./login.js";

export default {
  fetch() {
    return new Response(null, { status: 404 });
  },
};
