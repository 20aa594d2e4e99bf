/** The table of settings in README.md tells what there is. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { samTemplate } from "./sam.js";

const HERE = new URL("../../../", import.meta.url);

test("every parameter is in the table, with its default, and is a setting of the CDK app too", () => {
  const app = readFileSync(new URL("cdk/app.ts", HERE), "utf8");
  const readme = readFileSync(new URL("README.md", HERE), "utf8");
  const rows = [...readme.matchAll(/^\| `([A-Z]\w+)` \| (?:`([^`]*)`)? ?\| .+ \|$/gm)];
  const told = rows.map(([, name = "", value = ""]) => [name, value]);
  const there = Object.entries(samTemplate().Parameters ?? {}).map(([name, { Default }]) => [
    name,
    `${Default}`,
  ]);
  assert.deepEqual(told, there);
  for (const [name = ""] of there) {
    const setting = name.slice(0, 1).toLowerCase() + name.slice(1);
    assert.ok(app.includes(`("${setting}"`), setting);
  }
});
