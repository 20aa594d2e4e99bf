// Calls a service as a program that uses OpenAI's client does, and prints what it was answered.
// Arguments: where the service is, a key.

import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 20_000 });
const asked = { model: "echo", messages: [{ role: "user", content: "Hello" }] };
try {
  const said = await client.chat.completions.create(asked);
  console.log("said", said.choices[0].message.content);
  let streamed = "";
  for await (const part of await client.chat.completions.create({ ...asked, stream: true })) {
    streamed += part.choices[0].delta.content;
  }
  console.log("streamed", streamed);
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  console.log("refused", error.status, error.message);
}
