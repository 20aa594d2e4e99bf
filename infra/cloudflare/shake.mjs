// Takes out of Wasm and its glue what nothing of ours reaches: the crate `worker` exports classes of its
// own, and these keep alive the code behind them and the functions that they import.
// node shake.mjs GLUE.js WASM NAMES, with the names that are imported from the glue.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { parse } from "acorn";
import { full } from "acorn-walk";

const [gluePath, wasmPath, names] = process.argv.slice(2);
const IMPORTS = "__wbg_get_imports";
/** What the instance itself is started with. */
const ALWAYS = ["memory", "__wbindgen_start"];

const source = readFileSync(gluePath, "utf8");
const declared = new Map();
let imports;
for (const statement of parse(source, { ecmaVersion: "latest", sourceType: "module" }).body) {
  const declaration = statement.declaration ?? statement;
  if (declaration.id?.name === IMPORTS) imports = importObject(declaration);
  else for (const { id } of declaration.declarations ?? [declaration]) if (id) declared.set(id.name, declaration);
}

const roots = names.split(",");
const exported = new Set(WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasmPath))).map(({ name }) => name));
const graphPath = `${wasmPath}.graph.json`;
writeFileSync(graphPath, JSON.stringify(graph()));
try {
  const features = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];
  const flags = features.map((feature) => `--enable-${feature}`);
  execFileSync("node_modules/.bin/wasm-metadce", [...flags, "-g", wasmPath, "-f", graphPath, "-o", wasmPath], { stdio: ["ignore", "ignore", "inherit"] });
} finally {
  rmSync(graphPath);
}
writeFileSync(gluePath, withoutUnused());

function importObject(declaration) {
  let found;
  full(declaration, (node) => {
    if (node.type === "ObjectExpression" && (found === undefined || node.properties.length > found.properties.length)) found = node;
  });
  return found.properties.filter(({ value, key }) => value !== undefined && nameOf(key) !== "__proto__");
}

function nameOf(key) {
  return key.name ?? key.value;
}

/** What `wasm-metadce` calls a graph: who reaches whom across the border. */
function graph() {
  const nodes = [{ name: "root", root: true, reaches: [...roots.map(inGlue), ...ALWAYS.map(inWasm)] }];
  for (const [name, declaration] of declared) nodes.push({ name: inGlue(name), reaches: reached(declaration, name) });
  for (const { key, value } of imports) {
    nodes.push({ name: `import ${nameOf(key)}`, import: ["./latchkey_worker_bg.js", nameOf(key)], reaches: reached(value) });
  }
  for (const name of exported) nodes.push({ name: inWasm(name), export: name });
  return nodes;
}

function inGlue(name) {
  return `glue ${name}`;
}

function inWasm(name) {
  return `wasm ${name}`;
}

function reached(node, itself) {
  const found = new Set();
  full(node, (inner) => {
    if (inner.type === "Identifier" && inner.name !== itself && declared.has(inner.name)) found.add(inGlue(inner.name));
    if (inner.type !== "MemberExpression" || inner.object.name !== "wasm") return;
    if (exported.has(inner.property.name)) found.add(inWasm(inner.property.name));
  });
  return [...found];
}

function withoutUnused() {
  const wanted = new Set(WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(wasmPath))).map(({ name }) => name));
  const unused = imports.filter(({ key }) => !wanted.has(nameOf(key)));
  let text = source;
  for (const { start, end } of unused.reverse()) {
    const after = text[end] === "," ? end + 1 : end;
    text = text.slice(0, start) + text.slice(after);
  }
  return text;
}
