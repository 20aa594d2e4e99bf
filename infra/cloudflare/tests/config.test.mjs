// What wrangler.jsonc, as shipped, makes the platform keep.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** With its comments, it is an expression of JavaScript. */
const config = new Function(`return (${readFileSync("wrangler.jsonc", "utf8")})`)();
const schema = JSON.parse(readFileSync("node_modules/wrangler/config-schema.json", "utf8"));

test("the platform keeps what the Worker logs, and no URL of a request", () => {
  const { observability } = config;
  assert.deepEqual(observability, {
    enabled: true,
    redact_query_string: true,
    logs: { enabled: true, invocation_logs: false },
    traces: { enabled: false },
  });
  // Settings that wrangler does not know are passed over without an error.
  const known = schema.definitions.Observability.properties;
  for (const [name, value] of Object.entries(observability)) {
    assert.ok(name in known, name);
    for (const member of Object.keys(value)) assert.ok(member in known[name].properties, `${name}.${member}`);
  }
});

test("the compatibility date has what keeps answers out of the platform's cache", () => {
  // `cache_option_enabled`, without which `fetch` throws for `cache: "no-store"`.
  assert.ok(config.compatibility_date >= "2024-11-11");
  assert.ok(!(config.compatibility_flags ?? []).includes("cache_option_disabled"));
});
