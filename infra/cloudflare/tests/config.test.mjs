// What the three wrangler.jsonc, as shipped, make the platform do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parsed, transferring, withoutGateway } from "../deployments.mjs";

const [gateway, control, login] = ["gateway", "control", "login"].map((name) => parsed(readFileSync(`${name}/wrangler.jsonc`, "utf8")));
const schema = JSON.parse(readFileSync("node_modules/wrangler/config-schema.json", "utf8"));

/** The properties that a definition of wrangler's schema knows. */
const known = (name) => schema.definitions[name].properties;

for (const [name, config] of Object.entries({ gateway, control, login })) {
  test(`${name}: the platform keeps what the Worker logs, and no URL of a request`, () => {
    const { observability } = config;
    assert.deepEqual(observability, {
      enabled: true,
      redact_query_string: true,
      logs: { enabled: true, invocation_logs: false },
      traces: { enabled: false },
    });
    // Settings that wrangler does not know are passed over without an error.
    for (const [setting, value] of Object.entries(observability)) {
      assert.ok(setting in known("Observability"), setting);
      for (const member of Object.keys(value)) assert.ok(member in known("Observability")[setting].properties, member);
    }
  });

  test(`${name}: the compatibility date has what keeps answers out of the platform's cache`, () => {
    // `cache_option_enabled`, without which `fetch` throws for `cache: "no-store"`.
    assert.ok(config.compatibility_date >= "2024-11-11");
    assert.ok(!(config.compatibility_flags ?? []).includes("cache_option_disabled"));
  });
}

test("the object is the control script's, and the gateway is bound to it", () => {
  assert.deepEqual(control.durable_objects.bindings, [
    { name: "WORKSPACE", class_name: "Workspace" },
    { name: "LOGIN", class_name: "Login", script_name: login.name },
  ]);
  assert.deepEqual(gateway.durable_objects.bindings, [
    { name: "WORKSPACE", class_name: "Workspace", script_name: control.name },
  ]);
  // To delete the class there would delete what it has stored, where that was not moved yet.
  assert.equal(gateway.migrations, undefined);
  assert.deepEqual(gateway.kv_namespaces, control.kv_namespaces);
});

test("the control script is bound to the gateway's, but for a first deployment, which is before that one's", () => {
  assert.deepEqual(control.services, [{ binding: "GATEWAY", service: gateway.name }]);
  assert.match(readFileSync("control/src/call.js", "utf8"), /env\.GATEWAY\b/);
  const first = withoutGateway(control);
  assert.deepEqual(first.services, []);
  assert.deepEqual({ ...first, services: control.services }, control);
});

test("no address leads to the log-in script, which has no secret, and only the control script is bound to it", () => {
  assert.deepEqual([login.workers_dev, login.preview_urls, login.routes], [false, false, undefined]);
  assert.deepEqual([login.vars, login.kv_namespaces], [undefined, undefined]);
  assert.deepEqual(login.migrations.flatMap(({ new_sqlite_classes: classes }) => classes), ["Login"]);
  assert.ok(!JSON.stringify(gateway).includes(login.name));
});

test("mail is by a binding that the platform knows, and off", () => {
  assert.equal(control.send_email, undefined);
  const told = /\/\/ "send_email": (\[.*\])/.exec(readFileSync("control/wrangler.jsonc", "utf8"))?.[1];
  const { items } = schema.definitions.RawConfig.properties.send_email;
  const [binding] = JSON.parse(told);
  for (const name of Object.keys(binding)) assert.ok(name in items.properties, name);
  assert.match(readFileSync("control/src/core.js", "utf8"), new RegExp(`env\\.${binding.name}\\b`));
});

test("clients are counted at the control door", () => {
  const [{ name, simple }] = control.ratelimits;
  const { properties } = schema.definitions.RawConfig.properties.ratelimits.items;
  assert.ok(properties.simple.properties.period.enum.includes(simple.period));
  assert.match(readFileSync("control/src/index.js", "utf8"), new RegExp(`env\\.${name}\\.limit`));
});

test("the object of an installation with one script is moved by the platform", () => {
  const moving = transferring(control);
  assert.deepEqual(moving.migrations, [
    { tag: "v1", transferred_classes: [{ from: "Workspace", from_script: gateway.name, to: "Workspace" }] },
  ]);
  const { items } = known("DurableObjectMigration").transferred_classes;
  assert.deepEqual(Object.keys(moving.migrations[0].transferred_classes[0]).sort(), items.required.toSorted());
  // What is deployed later says nothing new to the platform: the newest tag is the same.
  assert.equal(moving.migrations.at(-1).tag, control.migrations.at(-1).tag);
  assert.deepEqual({ ...moving, migrations: control.migrations }, control);
});
