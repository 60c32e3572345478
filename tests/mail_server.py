"""A real SMTP server that refuses on request."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP


class MailServer:
    """A real SMTP server in this process.

    `refusal` is what it says to every recipient, `refusals` to one whose address begins so (None: it hangs up), `on_data` and `on_mail` to
    any message.
    """

    def __init__(self):
        self.mails = []
        self.offered = []
        self.refusal = None
        self.refusals = {}
        self.on_data = {}
        self.on_mail = None
        self.port = 0

    async def handle_MAIL(self, _server, _session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.on_mail:
            return self.on_mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        self.offered.append(address)
        refusal = next((reply for begins, reply in self.refusals.items() if address.startswith(begins)), self.refusal or "250 OK")
        if refusal is None:
            server.transport.close()
            return "250 OK"
        if refusal.startswith("250"):
            envelope.rcpt_tos.append(address)
        return refusal

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        refusal = next((reply for begins, reply in self.on_data.items() if envelope.rcpt_tos[0].startswith(begins)), None)
        if refusal is None:
            self.mails.append(envelope)
        return refusal or "250 taken"

    @asynccontextmanager
    async def serving(self):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="mail.example"), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


@pytest.fixture
def mail_server():
    return MailServer()
