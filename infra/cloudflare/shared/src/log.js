// What may be logged of an error.

/** The platform's own messages can name the URL that a call failed for, and keys come in URLs. */
const URLS = /\b(?:https?|wss?):\/\/[^\s"'<>]*/gi;

export function cause(error) {
  return String(error?.message ?? error).replace(URLS, "…");
}

/** The same with where it was thrown. */
export function trace(error) {
  return String(error?.stack ?? error).replace(URLS, "…");
}
