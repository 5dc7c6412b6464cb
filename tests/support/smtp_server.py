"""A real mail server for the tests, with faults on demand.

Prints one JSON object a line: first {"port": N}; then {"mail": N, "connection": N, "to": [...], "content": "base64"} for
each mail that it stored, and {"closed": N} for each connection that has ended. Ends when standard input does, so that it
never outlives the test that started it.
"""

import argparse
import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

options = argparse.ArgumentParser()
options.add_argument("--security", choices=["none", "starttls", "tls"], default="none")
options.add_argument("--certs")
options.add_argument("--login", help="user:password that AUTH takes; without it there is no AUTH")
options.add_argument(
    "--fault",
    choices=[
        "451-once",
        "550-recipient",
        "421-second",
        "hang-in-data",
        "drop-in-data",
        "cut-in-data",
        "close-after-mail",
        "slow",
    ],
)
options = options.parse_args()


def say(**event):
    print(json.dumps(event), flush=True)


class Handler:
    def __init__(self):
        self.mails = 0
        self.connections = 0
        self.refused = False

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        if not hasattr(session, "number"):
            self.connections += 1
            session.number = self.connections
            session.mails = 0
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if options.fault == "421-second" and session.mails == 1:
            # As a server does that serves so many mails on a connection and no more.
            asyncio.get_running_loop().call_soon(server.transport.close)
            return "421 too many mails on one connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if options.fault == "slow":
            await asyncio.sleep(0.7)
        if options.fault == "550-recipient" and address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        if options.fault == "451-once" and not self.refused:
            self.refused = True
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if options.fault == "hang-in-data":
            await asyncio.Event().wait()
        if options.fault == "slow":
            await asyncio.sleep(0.7)
        self.mails += 1
        session.mails += 1
        say(
            mail=self.mails,
            connection=session.number,
            to=envelope.rcpt_tos,
            tls=session.ssl is not None or options.security == "tls",
            login=session.authenticated,
            content=base64.b64encode(envelope.original_content).decode(),
        )
        if options.fault == "cut-in-data" and self.mails == 1:
            server.transport.abort()
        if options.fault == "close-after-mail":
            asyncio.get_running_loop().call_soon(server.transport.close)
        return f"250 stored as {self.mails}"


handler = Handler()


class Server(SMTP):
    dropped = False

    async def smtp_DATA(self, arg):
        if options.fault != "drop-in-data" or Server.dropped:
            return await super().smtp_DATA(arg)
        # The client is asked to go on, and is cut off before the end of its mail.
        Server.dropped = True
        await self.push("354 go on")
        await self._reader.readline()
        self.transport.abort()

    def connection_lost(self, error):
        number = getattr(self.session, "number", 0)
        super().connection_lost(error)
        say(closed=number)


def authenticate(server, session, envelope, mechanism, data):
    if not isinstance(data, LoginPassword):
        return AuthResult(success=False, handled=False)
    given = f"{data.login.decode()}:{data.password.decode()}"
    return AuthResult(success=given == options.login, handled=False)


def protocol(context):
    settings = {"hostname": "localhost", "enable_SMTPUTF8": False}
    if options.security == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    if options.login:
        settings |= {
            "authenticator": authenticate,
            "auth_required": True,
            "auth_require_tls": options.security == "starttls",
        }
    return Server(handler, **settings)


async def main():
    context = None
    if options.security != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{options.certs}/server.pem", f"{options.certs}/server.key")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: protocol(context), "127.0.0.1", 0, ssl=context if options.security == "tls" else None
    )
    say(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
