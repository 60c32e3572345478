"""Cases through the log: what the consumer of the service makes of a sequence of events."""

import asyncio
from uuid import uuid4

from routing.app import SERVICE
from routing.cases.models import AppealCase, History
from shared.contracts import APPEALS, InquiryAnswered
from shared.messaging import tables
from shared.service import consumer
from tests.patience import PATIENCE
from tests.routing.support import COMPLAINT, NOW, PROVIDER, about, count, envelope_of, registered, sent


class TestConsumer:
    async def test_a_registered_appeal_and_an_inquiry_in_one_batch_end_with_the_provider(self, desk):
        event = registered()
        desk.texts.known[event.appeal_id] = COMPLAINT
        facts = (event, sent(event.appeal_id), about(InquiryAnswered, event.appeal_id, response_id=uuid4(), code="RESOLVED"))
        await desk.parts.log.append(APPEALS, [envelope_of(fact, NOW) for fact in (*facts, sent(event.appeal_id))])
        reading = asyncio.create_task(consumer(SERVICE, desk.parts).run())
        try:
            async with asyncio.timeout(PATIENCE):
                while await count(desk, History) < 4:
                    await asyncio.sleep(0.01)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        case = await desk.case(event.appeal_id)
        assert (case["status"], case["version"], case["provider_id"]) == ("AWAITING_PROVIDER", 4, str(PROVIDER))

    async def test_an_inquiry_for_an_unknown_appeal_is_parked(self, desk):
        await desk.parts.log.append(APPEALS, [envelope_of(sent(uuid4()), NOW)])
        reading = asyncio.create_task(consumer(SERVICE, desk.parts).run())
        try:
            async with asyncio.timeout(PATIENCE):
                while not await count(desk, tables.dead_letter):
                    await asyncio.sleep(0.01)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        assert await count(desk, AppealCase) == 0
