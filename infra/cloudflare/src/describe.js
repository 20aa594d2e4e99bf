// A request as core reads it: one text, a line for each thing (worker-adapter/src/request.rs).

import { headerNames } from "./core.js";

export function describe(request, { started, id }) {
  const { headers } = request;
  let text = `${Date.now()}\n${started}\n${id}\n${request.method}\n${request.url}\n${headers.get("cf-connecting-ip") ?? ""}`;
  for (const name of headerNames()) {
    const value = headers.get(name);
    text += value === null ? "\n" : `\n=${value}`;
  }
  return text;
}
