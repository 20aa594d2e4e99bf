// A namespace of KV that can be stale and can fail, in front of a real one. Set through its fetch,
// which also reads and writes it as somebody does who has come by the right to.

import { WorkerEntrypoint } from "cloudflare:workers";

/** What each place has seen, misses too. */
const seen = new Map();
const settings = { staleMs: 0, reads: "work", writes: "work", listed: 1000 };
const NUMBERS = ["staleMs", "listed"];
const writes = [];

export class Kv extends WorkerEntrypoint {
  async getWithMetadata(key) {
    if (settings.reads === "fail") throw new Error("KV GET failed: 503");
    const name = `${this.ctx.props?.place ?? ""}/${key}`;
    const known = seen.get(name);
    if (known && Date.now() - known.at < settings.staleMs) return known.found;
    const { value, metadata } = await this.env.STORE.getWithMetadata(key, "text");
    const found = { value, metadata };
    seen.set(name, { found, at: Date.now() });
    return found;
  }

  async put(key, value, options) {
    if (settings.writes === "fail") throw new Error("KV PUT failed: 429 Too Many Requests");
    writes.push({ key, at: Date.now() });
    await this.env.STORE.put(key, value, options);
  }

  async list(options) {
    if (settings.reads === "fail") throw new Error("KV LIST failed: 503");
    const { keys, list_complete, cursor } = await this.env.STORE.list({ ...options, limit: settings.listed });
    return { keys, list_complete, cursor };
  }

  async delete(key) {
    if (settings.writes === "fail") throw new Error("KV DELETE failed: 429 Too Many Requests");
    writes.push({ key, at: Date.now(), deleted: true });
    await this.env.STORE.delete(key);
  }
}

async function records(store) {
  const { keys } = await store.list();
  return Promise.all(keys.map(async ({ name, metadata }) => ({ name, metadata, value: await store.get(name, "text") })));
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/records" && request.method === "GET") return Response.json(await records(env.STORE));
    if (pathname === "/records") {
      for (const { name, value, metadata } of await request.json()) await env.STORE.put(name, value, { metadata });
      return new Response();
    }
    for (const [name, value] of new URL(request.url).searchParams) {
      settings[name] = NUMBERS.includes(name) ? Number(value) : value;
    }
    return Response.json(writes);
  },
};
