"""An appeal about which a provider proposes and promises: the events of provider-contact, and a double of its texts."""

import json
from datetime import date, timedelta
from uuid import UUID, uuid4

from fastapi import FastAPI, Request, Response

from intake.handlers import HANDLERS
from intake.register.models import Provider, ProviderOffer
from intake.register.service.offers import publish_due_answers
from shared.contracts import (
    CommitmentAnswered,
    CommitmentDue,
    CommitmentEnded,
    CommitmentMade,
    ConsentAnswered,
    ConsentRequested,
    InquiryCancelled,
    InquirySent,
    OutcomeVerified,
    ProposalAnswered,
    ProposalUnanswered,
    SolutionProposed,
)
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received
from shared.messaging.tables import outbox

PROVIDER, INQUIRY = UUID(int=23), UUID(int=24)
TEXT = "Сізді дәрігерге жазып қойдық"


def stand_in_provider_contact(desk, *, away=False):
    """Let provider-contact return one text for every offer (`away`: fail). Return the requests, as they come."""
    app, asked = FastAPI(), []

    @app.post("/provider-contact/internal/v1/contents")
    async def contents(request: Request):
        asked.append(await request.json())
        if away:
            return Response(status_code=503)
        return {"items": [{"id": each, "found": True, "content": {"language": "kk", "text": TEXT}} for each in asked[-1]["ids"]]}

    desk.foundation.local_apps["provider-contact"] = app
    return asked


async def list_provider(desk):
    """Add the provider that proposes and promises to the replica of the directory."""
    async with desk.parts.database.write() as session:
        session.add(
            Provider(
                id=PROVIDER,
                name_kk="№7 сынақ емханасы",
                name_ru="Сынақ поликлиника №7",
                short_name="",
                aliases=[],
                region="KZ-43",
                district="",
                kind="POLYCLINIC",
                ownership="STATE",
                active=True,
            )
        )


class Offered:
    """An appeal, and what provider-contact publishes about it."""

    def __init__(self, desk, receipt):
        self.desk = desk
        self.id, self.number, self.pin = UUID(receipt["appeal_id"]), receipt["number"], receipt["pin"]

    async def consume(self, event):
        self.desk.clock.advance(timedelta(seconds=1))
        envelope = Envelope(uuid4(), event.TYPE, self.desk.clock.now(), str(self.id), uuid4(), None, None, b"")
        async with self.desk.parts.units.write() as work:
            await HANDLERS[type(event)](work, Batch([Received(event, envelope, ("", 0, 0))], {}))
        return envelope.id

    async def asked(self):
        """A provider was asked: as in life, its answer comes next."""
        due_at = self.desk.clock.now() + timedelta(days=3)
        await self.consume(
            InquirySent(
                appeal_id=self.id, inquiry_id=INQUIRY, provider_id=PROVIDER, category="REFUSAL", due_at=due_at, discloses=True
            )
        )  # fmt: skip

    async def proposed(self):
        proposal_id, until = uuid4(), self.desk.clock.now() + timedelta(days=3)
        ids = {"appeal_id": self.id, "proposal_id": proposal_id, "inquiry_id": INQUIRY, "provider_id": PROVIDER}
        await self.consume(SolutionProposed(**ids, language="kk", answer_until=until))
        return proposal_id

    async def unanswered(self, proposal_id):
        await self.consume(ProposalUnanswered(appeal_id=self.id, proposal_id=proposal_id, inquiry_id=INQUIRY, provider_id=PROVIDER))

    async def verified(self, proposal_id, result):
        ids = {"appeal_id": self.id, "check_id": uuid4(), "proposal_id": proposal_id, "provider_id": PROVIDER}
        await self.consume(OutcomeVerified(**ids, about="PROPOSAL", result=result, actor_role="operator"))

    async def promised(self, due_on=date(2026, 2, 20)):
        commitment_id = uuid4()
        ids = {"appeal_id": self.id, "commitment_id": commitment_id, "inquiry_id": INQUIRY, "provider_id": PROVIDER}
        await self.consume(CommitmentMade(**ids, due_on=due_on, language="kk"))
        return commitment_id

    async def due(self, commitment_id):
        until = self.desk.clock.now() + timedelta(days=3)
        ids = {"appeal_id": self.id, "commitment_id": commitment_id, "inquiry_id": INQUIRY, "provider_id": PROVIDER}
        await self.consume(CommitmentDue(**ids, answer_until=until))

    async def ended(self, commitment_id, result):
        ids = {"appeal_id": self.id, "commitment_id": commitment_id, "inquiry_id": INQUIRY, "provider_id": PROVIDER}
        await self.consume(CommitmentEnded(**ids, result=result))

    async def consent_requested(self):
        inquiry_id = uuid4()
        await self.consent_requested_again(inquiry_id)
        return inquiry_id

    async def consent_requested_again(self, inquiry_id):
        until = self.desk.clock.now() + timedelta(days=3)
        ids = {"appeal_id": self.id, "inquiry_id": inquiry_id, "provider_id": PROVIDER}
        await self.consume(ConsentRequested(**ids, answer_until=until, actor_role="specialist"))

    async def inquiry_cancelled(self, inquiry_id):
        ids = {"appeal_id": self.id, "inquiry_id": inquiry_id, "provider_id": PROVIDER}
        await self.consume(InquiryCancelled(**ids, reason="WRONG_PROVIDER", actor_role="specialist"))

    async def do(self, call, body, *, key=None, pin=None, headers=None):
        sent = headers if headers is not None else {"Appeal-Pin": pin or self.pin}
        if key:
            sent = sent | {"Idempotency-Key": key}
        return await self.desk.client.post(f"/intake/v1/appeals/{self.number}/{call}", json=body, headers=sent)

    async def confirm(self, proposal_id, *, confirmed=True, **more):
        return await self.do("proposal-answers", {"proposal_id": str(proposal_id), "confirmed": confirmed}, **more)

    async def report(self, commitment_id, *, fulfilled, **more):
        return await self.do("commitment-answers", {"commitment_id": str(commitment_id), "kept": fulfilled}, **more)

    async def consent(self, request_id, *, given, **more):
        return await self.do("consent-answers", {"request_id": str(request_id), "given": given}, **more)

    async def seen(self, headers=None):
        return (await self.desk.track(self.number, None if headers else self.pin, headers)).json()

    async def offer(self, offer_id):
        return next(row for row in await self.desk.rows(ProviderOffer) if row.id == offer_id)

    async def minute_passes(self):
        """Let the time pass in which an answer may be changed."""
        self.desk.clock.advance(timedelta(seconds=61))
        await self.publish()

    async def publish(self):
        async with self.desk.parts.units.write() as work:
            return await publish_due_answers(work)

    async def published(self):
        """The answers that were published about the appeal, oldest first: (answer, method)."""
        async with self.desk.parts.database.read() as session:
            rows = (await session.execute(outbox.select().order_by(outbox.c.id))).all()
        facts = {ProposalAnswered.TYPE: "confirmed", CommitmentAnswered.TYPE: "fulfilled", ConsentAnswered.TYPE: "given"}
        said = [(row.type, json.loads(row.value)) for row in rows if row.type in facts]
        return [(body[facts[kind]], body["method"]) for kind, body in said if body["appeal_id"] == str(self.id)]


async def offered(desk, headers=None, **changes):
    """File an appeal, in the state in which a provider was asked about it."""
    found = Offered(desk, (await desk.file(headers, **changes)).json())
    await found.asked()
    return found
