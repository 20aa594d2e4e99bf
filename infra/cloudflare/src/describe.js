// A request as core reads it: one text, a line for each thing (worker-adapter/src/request.rs).

import { fieldsThatMatter, headerPlaces, isNeverPassed } from "./core.js";

/**
 * Reads the fields once, since each look at them crosses into the platform: the values that core
 * wants, and which fields are not passed on as they are.
 */
export function readFields(request, asked) {
  const values = new Array(fieldsThatMatter()).fill("");
  const places = headerPlaces();
  const present = [];
  let address = "";
  for (const [name, value] of request.headers) {
    const place = places.get(name);
    if (place !== undefined) {
      values[place] = `=${value}`;
      present.push(name);
    }
    if (isNeverPassed(name)) present.push(name);
    if (name === "cf-connecting-ip") address = value;
  }
  asked.present = present;
  asked.fields = `${request.method}\n${request.url}\n${address}\n${values.join("\n")}`;
}

export function describe(request, asked) {
  readFields(request, asked);
  return `${Date.now()}\n${asked.started}\n${asked.id}\n${asked.fields}`;
}
