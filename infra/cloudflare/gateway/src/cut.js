// Bodies that lose what core found in them.

import { joined } from "../../shared/src/body.js";

/** The body without the ranges `from-to,from-to,`. */
export function cut(body, ranges) {
  const kept = [];
  let from = 0;
  let length = 0;
  const keep = (to) => {
    kept.push(body.subarray(from, to));
    length += to - from;
  };
  for (const range of ranges.split(",")) {
    if (range === "") continue;
    const [start, end] = range.split("-", 2).map(Number);
    keep(start);
    from = end;
  }
  keep(body.byteLength);
  return joined(kept, length);
}
