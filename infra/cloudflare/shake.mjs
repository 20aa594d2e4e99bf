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
/** Where Wasm imports the glue's functions from. */
const GLUE_MODULE = "./latchkey_worker_bg.js";
/** In the binary format of Wasm. */
const IMPORT_SECTION = 2;
const FUNCTION = 0;

const source = readFileSync(gluePath, "utf8");
const statements = parse(source, { ecmaVersion: "latest", sourceType: "module" }).body;
const declared = new Map();
let imports;
for (const statement of statements) {
  const declaration = statement.declaration ?? statement;
  if (declaration.id?.name === IMPORTS) imports = importObject(declaration);
  else for (const { id } of declaration.declarations ?? [declaration]) if (id) declared.set(id.name, declaration);
}

const roots = names.split(",");
const exported = new Set(WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasmPath))).map(({ name }) => name));
const graphPath = `${wasmPath}.graph.json`;
writeFileSync(graphPath, JSON.stringify(graph()));
let unused;
try {
  const features = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];
  const flags = features.map((feature) => `--enable-${feature}`);
  const files = ["-g", wasmPath, "-f", graphPath, "-o", wasmPath];
  const told = execFileSync("node_modules/.bin/wasm-metadce", [...flags, ...files], { encoding: "utf8", maxBuffer: 1 << 28 });
  unused = new Set(told.split("\n").map((line) => line.replace("unused: ", "")));
} finally {
  rmSync(graphPath);
}
const shortNames = shortenImports();
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
    nodes.push({ name: `import ${nameOf(key)}`, import: [GLUE_MODULE, nameOf(key)], reaches: reached(value) });
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

/** Gives what Wasm imports short names, since their hashes do not pack. Answers them by the long ones. */
function shortenImports() {
  const bytes = readFileSync(wasmPath);
  const names = new Map();
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const encoded = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...encoded(value >>> 7)]);
  const text = () => {
    const length = number();
    at += length;
    return bytes.toString("utf8", at - length, at);
  };
  while (bytes[at] !== IMPORT_SECTION) {
    at += 1;
    const length = number();
    at += length;
  }
  const section = at++;
  const end = number() + at;
  const count = number();
  const shortened = [...encoded(count)];
  for (let index = 0; index < count; index += 1) {
    const [module, name] = [text(), text()];
    if (module !== GLUE_MODULE) throw new Error(`an import from ${module}`);
    names.set(name, `_${index.toString(36)}`);
    for (const part of [module, names.get(name)]) shortened.push(...encoded(part.length), ...Buffer.from(part));
    if (bytes[at] !== FUNCTION) throw new Error("an import that is no function");
    shortened.push(bytes[at++], ...encoded(number()));
  }
  if (at !== end) throw new Error("the imports were misread");
  const parts = [bytes.subarray(0, section + 1), Buffer.from([...encoded(shortened.length), ...shortened]), bytes.subarray(end)];
  writeFileSync(wasmPath, Buffer.concat(parts));
  return names;
}

/**
 * The glue without the functions that Wasm no longer imports, and without classes that nothing makes;
 * the functions that are left have their short names.
 */
function withoutUnused() {
  const parts = imports.filter(({ key }) => !shortNames.has(nameOf(key)));
  for (const { key } of imports) if (!parts.some((part) => part.key === key)) parts.push({ ...key, text: shortNames.get(nameOf(key)) });
  // Functions are left to the bundler; what it cannot know to have no effect is taken out here.
  const gone = new Set();
  for (const statement of statements) {
    const { type, id, declarations = [] } = statement.declaration ?? statement;
    const name = type === "ClassDeclaration" ? id.name : declarations.length === 1 ? declarations[0].id.name : undefined;
    if (unused.has(inGlue(name))) {
      gone.add(name);
      parts.push(statement);
    }
  }
  const mentionsGone = (node) => {
    let found = false;
    full(node, (inner) => (found ||= inner.type === "Identifier" && gone.has(inner.name)));
    return found;
  };
  for (const statement of statements) {
    if (/^(If|Expression)Statement$/.test(statement.type) && mentionsGone(statement)) parts.push(statement);
  }
  let text = source;
  for (const { start, end, text: instead = "" } of parts.sort((one, other) => other.start - one.start)) {
    const from = instead === "" && text[end] === "," ? end + 1 : end;
    text = text.slice(0, start) + instead + text.slice(from);
  }
  return text;
}
