// Mails as files (RFC 5322), as tests read them.

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BOUNDARY = "=_latchkey";
let written = 0;

/** Under a name that begins with a dot, until it is whole. */
export function writeMail(folder, { from, to, subject, text, html }) {
  const sender = typeof from === "string" ? from : `${from.name} <${from.email}>`;
  const fields = [`From: ${sender}`, `To: ${to}`, `Subject: ${encoded(subject)}`, `Date: ${new Date().toUTCString()}`, "MIME-Version: 1.0"];
  fields.push(`Content-Type: multipart/alternative; boundary="${BOUNDARY}"`);
  const parts = [part("plain", text), part("html", html)].map((part) => `--${BOUNDARY}\r\n${part}\r\n`);
  const mail = `${fields.join("\r\n")}\r\n\r\n${parts.join("")}--${BOUNDARY}--\r\n`;
  written += 1;
  const name = `${String(written).padStart(6, "0")}.eml`;
  writeFileSync(join(folder, `.${name}`), mail, { mode: 0o600 });
  renameSync(join(folder, `.${name}`), join(folder, name));
}

function part(kind, content) {
  const lines = Buffer.from(content).toString("base64").match(/.{1,76}/g) ?? [];
  return `Content-Type: text/${kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines.join("\r\n")}`;
}

/** RFC 2047, where it must be. */
function encoded(text) {
  const isPlain = /^[\x20-\x7e]*$/.test(text);
  return isPlain ? text : `=?utf-8?b?${Buffer.from(text).toString("base64")}?=`;
}
