// Gets tokens and calls a service with them, by clients for Node.js as they are, and prints what came of it.
// Arguments: the gateway, the path of the service, client id, client secret.

import * as openid from "openid-client";
import { ClientCredentials } from "simple-oauth2";

const [gateway, path, id, secret] = process.argv.slice(2);
const endpoint = `${path}/oauth2/token`;
// TLS ends in front of the gateway, as far as it knows.
const behindTls = { "X-Forwarded-Proto": "https" };
const call = async (token) =>
  (await fetch(gateway + path, { headers: { Authorization: `Bearer ${token}` } })).status;

for (const authorizationMethod of ["header", "body"]) {
  const client = new ClientCredentials({
    client: { id, secret },
    auth: { tokenHost: gateway, tokenPath: endpoint },
    options: { authorizationMethod },
    http: { headers: behindTls },
  });
  const { token } = await client.getToken({ scope: ["read"] });
  console.log("simple-oauth2", authorizationMethod, token.scope, await call(token.access_token));
}

for (const [name, authentication] of [
  ["basic", openid.ClientSecretBasic(secret)],
  ["post", openid.ClientSecretPost(secret)],
]) {
  const server = { issuer: gateway + path, token_endpoint: gateway + endpoint };
  const configuration = new openid.Configuration(server, id, {}, authentication);
  openid.allowInsecureRequests(configuration);
  configuration[openid.customFetch] = (url, options) =>
    fetch(url, { ...options, headers: { ...Object.fromEntries(new Headers(options.headers)), ...behindTls } });
  const token = await openid.clientCredentialsGrant(configuration, { scope: "read" });
  console.log("openid-client", name, token.scope, await call(token.access_token));
}
