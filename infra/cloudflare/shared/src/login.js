// What the control script's isolate and its object must say alike of the objects that hash passwords.

/** Their names: an account's is the first digit of its digest. */
export const LOGINS = [..."0123456789abcdef"];

/** One of them, in the script `latchkey-login`. */
export function login(env, name) {
  return env.LOGIN.get(env.LOGIN.idFromName(name));
}
