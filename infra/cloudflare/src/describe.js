// A request as core reads it: one text, a line for each thing (worker-adapter/src/request.rs).

import { headerPlaces, isNeverPassed } from "./core.js";

/**
 * Reads the fields once, since each look at them crosses into the platform: the values that core
 * wants, which fields there are, and which of them are not passed on as they are.
 */
export function readFields(request, asked) {
  const places = headerPlaces();
  const values = new Array(places.size).fill("");
  const names = [];
  const withheld = [];
  let address = "";
  for (const [name, value] of request.headers) {
    const place = places.get(name);
    if (place !== undefined) values[place] = `=${value}`;
    names.push(name);
    if (isNeverPassed(name)) withheld.push(name);
    if (name === "cf-connecting-ip") address = value;
  }
  asked.names = names;
  asked.withheld = withheld;
  asked.fields = `${request.method}\n${request.url}\n${address}\n${values.join("\n")}`;
}

export function describe(request, asked) {
  readFields(request, asked);
  return `${Date.now()}\n${asked.started}\n${asked.id}\n${asked.fields}`;
}
