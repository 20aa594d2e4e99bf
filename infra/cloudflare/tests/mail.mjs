// The platform's binding that sends mails, as a stand-in: keeps what it takes, tells the test of it, and can
// refuse, stall and fail. Set through its fetch, which answers what was taken so far.

import { WorkerEntrypoint } from "cloudflare:workers";

const settings = { takes: "all" };
const taken = [];
let asked = 0;

export class Mail extends WorkerEntrypoint {
  async send(mail) {
    asked += 1;
    // As the platform words its errors: code first, and it may name the address.
    if (settings.takes === "none") throw new Error(`E_RECIPIENT_NOT_ALLOWED: ${mail.to} is not allowed`);
    if (settings.takes === "later") throw new Error("E_RATE_LIMIT_EXCEEDED: try again later");
    if (settings.takes === "fails") throw new Error("internal error");
    if (settings.takes === "stalls") await new Promise((resolve) => setTimeout(resolve, 30_000));
    taken.push(mail);
    await this.env.TAKEN?.fetch("http://taken/", { method: "POST", body: JSON.stringify(mail) });
    return { messageId: String(taken.length) };
  }
}

export default {
  fetch(request) {
    for (const [name, value] of new URL(request.url).searchParams) settings[name] = value;
    return Response.json({ taken, asked });
  },
};
