// Local development only: tells by the port that a request was sent to which door it knocks at, and shows
// mails in the place of the platform's binding that sends them.

import { WorkerEntrypoint } from "cloudflare:workers";

export default {
  fetch(request, env) {
    const door = new URL(request.url).port === env.CONTROL_PORT ? env.CONTROL : env.GATEWAY;
    return door.fetch(request);
  },
};

export class Mail extends WorkerEntrypoint {
  send({ to, subject, text }) {
    console.log(`\nMail to ${to}: ${subject}\n\n${text}`);
  }
}
