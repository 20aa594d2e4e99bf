"""An SMTP server on loopback that does what the recipient's local part says.

Prints its port, then a line of JSON for each mail that it has taken. Local parts that begin with
  refuse   are refused for good (550), nonsense is refused with the mail (554),
  busy     are refused for now (451),
  stall    get no answer to the mail,
  drop     get the connection closed in the place of an answer to the mail.
"""

import argparse
import asyncio
import json
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refuse"):
            return "550 5.1.1 no such mailbox " + address
        if address.startswith("busy"):
            return "451 4.2.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        tell(
            {
                "at": time.time(),
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "hello": session.host_name,
                "tls": server.transport.get_extra_info("ssl_object") is not None,
                "user": session.auth_data.login.decode() if session.authenticated else None,
                "data": envelope.content.decode("latin-1"),
            }
        )
        if to.startswith("nonsense"):
            return "554 5.6.0 this is no mail"
        if to.startswith("stall"):
            await asyncio.sleep(3600)
        if to.startswith("drop"):
            server.transport.abort()
        return "250 OK"


def tell(line):
    print(json.dumps(line), flush=True)


async def serve(arguments):
    context = None
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)

    def authenticate(server, session, envelope, mechanism, auth_data):
        found = f"{auth_data.login.decode()}:{auth_data.password.decode()}"
        return AuthResult(success=found == arguments.user, auth_data=auth_data)

    def session():
        starttls = {"tls_context": context, "require_starttls": True} if arguments.starttls else {}
        auth = {"authenticator": authenticate, "auth_required": True} if arguments.user else {}
        # AUTH needs TLS, which the one from the first byte does not show.
        return SMTP(Handler(), enable_SMTPUTF8=False, auth_require_tls=arguments.starttls, **starttls, **auth)

    at_once = context if context and not arguments.starttls else None
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", arguments.port, ssl=at_once)
    tell(server.sockets[0].getsockname()[1])
    # Ends with whoever started it.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--certificate", help="in PEM; with it TLS, from the first byte unless --starttls")
parser.add_argument("--key", help="in PEM")
parser.add_argument("--starttls", action="store_true", help="TLS after STARTTLS, and nothing before")
parser.add_argument("--user", help="user:password that is asked for")
asyncio.run(serve(parser.parse_args()))
