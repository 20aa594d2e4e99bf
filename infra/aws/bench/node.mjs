// What one would write for Node.js to do the same: key from header or query, HMAC-SHA-256, GetItem
// behind a cache in memory, strip, identity headers, proxy. Payload format 2.0.

import { createHmac } from "node:crypto";
import http from "node:http";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

const { PEPPER, TABLE, UPSTREAM_HOST, UPSTREAM_PORT } = process.env;
const NAME = "apikey";
const CACHE_MS = 5_000;
const CACHE_MAX = 10_000;
const REMOVED = new Set([
  NAME,
  "host",
  "content-length",
  "connection",
  "x-consumer-id",
  "x-consumer-username",
  "x-consumer-custom-id",
  "x-credential-identifier",
  "x-anonymous-consumer",
]);

const dynamodb = new DynamoDBClient({});
const agent = new http.Agent({ keepAlive: true });
const cache = new Map();

export async function handler(event) {
  const query = event.rawQueryString.split("&").filter((part) => part !== "");
  const inQuery = query.find((part) => part.startsWith(`${NAME}=`));
  const key = event.headers[NAME] ?? (inQuery && decodeURIComponent(inQuery.slice(NAME.length + 1)));
  if (!key) return refuse("No API key found in request");
  const grant = await grantOf(createHmac("sha256", PEPPER).update(key).digest("hex"));
  if (!grant) return refuse("Unauthorized");

  const headers = {};
  for (const [name, value] of Object.entries(event.headers)) if (!REMOVED.has(name)) headers[name] = value;
  if (event.cookies) headers.cookie = event.cookies.join("; ");
  headers["x-consumer-id"] = grant.consumerId;
  headers["x-consumer-username"] = grant.username;
  headers["x-credential-identifier"] = grant.credentialId;
  headers["x-forwarded-host"] = event.headers.host;
  const left = query.filter((part) => !part.startsWith(`${NAME}=`)).join("&");
  const body = event.body === undefined ? undefined : Buffer.from(event.body, event.isBase64Encoded ? "base64" : "utf8");
  return forward(event.requestContext.http.method, left ? `${event.rawPath}?${left}` : event.rawPath, headers, body);
}

async function grantOf(digest) {
  const known = cache.get(digest);
  if (known && known.until > Date.now()) return known.grant;
  const { Item: item } = await dynamodb.send(
    new GetItemCommand({ TableName: TABLE, Key: { pk: { S: `grant/${digest}` }, sk: { S: "-" } } }),
  );
  const grant = item && { consumerId: item.consumer_id.S, username: item.username.S, credentialId: item.credential_id.S };
  if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value);
  cache.set(digest, { grant, until: Date.now() + CACHE_MS });
  return grant;
}

function forward(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host: UPSTREAM_HOST, port: UPSTREAM_PORT, method, path, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const { "set-cookie": cookies = [], connection, "transfer-encoding": _, ...rest } = response.headers;
        const isText = /^(text\/|application\/json)/.test(rest["content-type"] ?? "");
        resolve({
          statusCode: response.statusCode,
          headers: rest,
          cookies,
          body: bytes.toString(isText ? "utf8" : "base64"),
          isBase64Encoded: !isText,
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

function refuse(message) {
  const headers = { "content-type": "application/json", "www-authenticate": "Key" };
  return { statusCode: 401, headers, body: JSON.stringify({ message }), isBase64Encoded: false };
}

// The platform's own runtime client does this, and more: without it Node.js starts faster.
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const runtime = new http.Agent({ keepAlive: true });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent: runtime, host, port, method, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

for (;;) {
  const { headers, body } = await call("GET", "invocation/next");
  const id = headers["lambda-runtime-aws-request-id"];
  try {
    await call("POST", `invocation/${id}/response`, JSON.stringify(await handler(JSON.parse(body))));
  } catch (error) {
    await call("POST", `invocation/${id}/error`, JSON.stringify({ errorMessage: String(error) }));
  }
}
