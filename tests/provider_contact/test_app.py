import asyncio
import time
from datetime import timedelta

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from provider_contact.app import SERVICE, create_app, jobs
from provider_contact.base import ProviderContactModel
from provider_contact.deliveries.codes import DeliveryMethod
from provider_contact.deliveries.models import Delivery
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.settings import Settings
from shared.contracts import CommitmentDue, InquiryOverdue, ProposalUnanswered
from shared.messaging import tables
from shared.service import consumer
from tests.patience import PATIENCE
from tests.processor_time import processor_time
from tests.provider_contact.conftest import NOW, PROVIDER, add_contact, closed, corrected, imported, raised, received, registered, routed
from tests.provider_contact.outcomes import promised, proposed

ACTIONS = (
    "acknowledge",
    "respond",
    "propose",
    "promise",
    "verify",
    "excuse",
    "ask-time",
    "ask-consent",
    "request-consent",
    "decline-consent",
    "share-documents",
    "accept",
    "return",
    "remind",
    "record-call",
    "grant-time",
    "refuse-time",
    "escalate-to",
    "cancel",
)


class TestMigrations:
    async def test_they_make_the_tables_that_the_models_describe(self, world):
        def differences(connection):
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return compare_metadata(context, [ProviderContactModel.metadata, tables.metadata])

        async with world.parts.database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []


class TestTheService:
    async def test_events_of_the_log_are_applied(self, world):
        facts = [registered(number, provider_id=PROVIDER) for number in range(30)]
        await world.foundation.log.append("aryz.appeals.v1", [received(fact, NOW, fact.appeal_id).envelope for fact in facts])
        running = asyncio.create_task(consumer(SERVICE, world.parts).run())
        async with asyncio.timeout(PATIENCE):
            while len(await world.rows(Appeal)) < len(facts):
                await asyncio.sleep(0.02)
        running.cancel()

    async def test_it_is_ready_and_describes_itself(self, world):
        assert (await world.get("/health/ready")).json() == {"status": "ready", "faults": {}}
        paths = (await world.get("/openapi.json")).json()["paths"]
        assert set(paths) == {
            "/provider-contact/v1/providers",
            "/provider-contact/v1/providers/imports",
            "/provider-contact/v1/contacts/imports",
            "/provider-contact/v1/doctors/imports",
            "/provider-contact/v1/doctors",
            "/provider-contact/v1/imports",
            "/provider-contact/v1/imports/{import_id}",
            "/provider-contact/v1/imports/{import_id}/actions/undo",
            "/provider-contact/v1/inquiries",
            "/provider-contact/v1/inquiries/{inquiry_id}",
            "/provider-contact/v1/inquiries/{inquiry_id}/files",
            "/provider-contact/v1/inquiries/{inquiry_id}/files/{file_id}",
            "/provider-contact/v1/inquiries/{inquiry_id}/documents/{attachment_id}",
            "/provider-contact/v1/providers/{provider_id}/manager",
            "/provider-contact/v1/refusals",
            "/provider-contact/v1/proposals",
            "/provider-contact/v1/commitments",
            "/provider-contact/v1/checks",
            "/provider-contact/v1/checks/{check_id}/actions/verify",
            *(f"/provider-contact/v1/inquiries/{{inquiry_id}}/actions/{action}" for action in ACTIONS),
            "/provider-contact/v1/ratings",
            "/provider-contact/v1/ratings/doctors",
            "/provider-contact/v1/matches",
            "/provider-contact/v1/matches/{appeal_id}/actions/choose",
            "/provider-contact/v1/matches/{appeal_id}/actions/none",
            "/provider-contact/v1/webhook",
            "/provider-contact/v1/webhook/deliveries",
            "/provider-contact/v1/webhook/replay",
            "/provider-contact/v1/webhook/secret",
            "/provider-contact/v1/webhook/test",
            "/provider-contact/internal/v1/contents",
            "/provider-contact/internal/v1/attachments",
        }

    def test_nothing_is_opened_when_the_application_is_made(self, tmp_path):
        create_app(Settings(data=tmp_path / "data"))
        assert list(tmp_path.iterdir()) == []


class TestJobs:
    async def test_the_job_takes_the_steps_of_inquiries_without_an_answer(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(routed(1))
        world.clock.advance(timedelta(days=30))
        job = asyncio.create_task(jobs(world.parts)[0].run())
        async with asyncio.timeout(PATIENCE):
            while not await world.emitted(InquiryOverdue):
                await asyncio.sleep(0.02)
        job.cancel()
        assert len(await world.emitted(InquiryOverdue)) == 1

    async def test_every_job_runs_by_itself_and_does_what_is_due(self, world):
        await proposed(world, 1)
        await promised(world, 2)
        await add_contact(world, 3, provider_id=PROVIDER)
        world.clock.advance(timedelta(days=30))
        running = [asyncio.create_task(loop.run()) for loop in jobs(world.parts)]
        async with asyncio.timeout(PATIENCE):
            while not (await world.emitted(ProposalUnanswered) and await world.emitted(CommitmentDue) and await mailed(world)):
                await asyncio.sleep(0.02)
        assert not any(task.done() for task in running), "a job that ends has failed"
        for task in running:
            task.cancel()


async def mailed(world) -> bool:
    """Whether a mail to the provider was accepted."""
    return any(delivery.channel is DeliveryMethod.EMAIL and delivery.delivered_at for delivery in await world.rows(Delivery))


class TestBulk:
    async def test_five_hundred_typed_names_are_matched_and_asked_about_quickly(self, listed):
        numbers = range(1, 501)
        for number in numbers:
            listed.intake.names(number, f"15 емхана, {number} кабинет" if number % 2 else "15 емхана")
        with processor_time(time.process_time) as spent:
            await listed.consume(*(registered(number, provider_named=True) for number in numbers))
            await listed.consume(*(routed(number) for number in numbers))
        print(f"500 names and routings in {spent.seconds:.2f} s")  # noqa: T201 - the figure is what one looks for with -s
        assert spent.seconds < 5


class TestStatements:
    async def test_they_do_not_grow_with_the_batch(self, listed):
        async def counted(numbers):
            counts = []
            for number in numbers:
                listed.intake.names(number, "15 емхана" if number % 3 else "бір жер")
            some = [{"provider_named": True}, {"provider_id": PROVIDER}, {"provider_named": True}]
            for facts in (
                [registered(number, **some[number % 3]) for number in numbers],
                [routed(number) for number in numbers],
                [corrected(number, category="ETHICS" if number % 2 else None) for number in numbers],
                [raised(number, 3) for number in numbers],
                [closed(number) for number in numbers],
                [imported(number + 5000) for number in numbers],
            ):
                await listed.consume(*facts)
                counts.append(len(listed.statements))
            return counts

        assert await counted(range(1, 4)) == await counted(range(10, 310))
        assert len(await listed.rows(Delivery)) == len(await listed.rows(Inquiry))
