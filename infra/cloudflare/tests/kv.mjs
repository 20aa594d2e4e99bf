// A namespace of KV that can be stale and can fail, in front of a real one. Set through its fetch.

import { WorkerEntrypoint } from "cloudflare:workers";

/** What each place has seen, misses too. */
const seen = new Map();
const settings = { staleMs: 0, reads: "work", writes: "work" };
const writes = [];

export class Kv extends WorkerEntrypoint {
  async get(key) {
    if (settings.reads === "fail") throw new Error("KV GET failed: 503");
    const name = `${this.ctx.props?.place ?? ""}/${key}`;
    const known = seen.get(name);
    if (known && Date.now() - known.at < settings.staleMs) return known.value;
    const value = await this.env.STORE.get(key, "text");
    seen.set(name, { value, at: Date.now() });
    return value;
  }

  async put(key, value) {
    if (settings.writes === "fail") throw new Error("KV PUT failed: 429 Too Many Requests");
    writes.push({ key, at: Date.now() });
    await this.env.STORE.put(key, value);
  }

  async delete(key) {
    if (settings.writes === "fail") throw new Error("KV DELETE failed: 429 Too Many Requests");
    writes.push({ key, at: Date.now(), deleted: true });
    await this.env.STORE.delete(key);
  }
}

export default {
  fetch(request) {
    for (const [name, value] of new URL(request.url).searchParams) {
      settings[name] = name === "staleMs" ? Number(value) : value;
    }
    return Response.json(writes);
  },
};
