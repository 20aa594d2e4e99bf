// A request as core reads it: one text, a line for each thing (worker-adapter/gateway/src/request.rs).

import { headerPlaces, judge } from "./core.js";

/**
 * Reads the fields once, since each look at them crosses into the platform: the values that core
 * wants, which fields there are, and which of them are not passed on as they are.
 */
function readFields(request, asked, places) {
  const values = new Array(places.size).fill("");
  const names = [];
  const withheld = [];
  let address = "";
  for (const [name, value] of request.headers) {
    const place = places.get(name);
    if (place !== undefined) values[place] = `=${value}`;
    names.push(name);
    if (judge(name).isWithheld) withheld.push(name);
    if (name === "cf-connecting-ip") address = value;
    // What all names of ours have in them: few requests need be looked at by core.
    else if (name === "cookie" && value.includes("lk_")) asked.cookie = value;
  }
  asked.places = places;
  asked.names = names;
  asked.withheld = withheld;
  asked.fields = `${request.method}\n${request.url}\n${address}\n${values.join("\n")}`;
}

/** What was read is read again only if core's wishes have changed. */
export function describe(request, asked) {
  const places = headerPlaces();
  if (asked.places !== places) readFields(request, asked, places);
  return `${Date.now()}\n${asked.started}\n${asked.id}\n${asked.fields}`;
}
