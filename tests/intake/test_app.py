import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.contracts import APPEALS, PROVIDERS, ProviderRecorded, TierRaised
from shared.messaging.envelope import Envelope
from tests.patience import PATIENCE


async def eventually(question, *, seconds=PATIENCE):
    async with asyncio.timeout(seconds):
        while not (found := await question()):
            await asyncio.sleep(0.01)
    return found


def envelope(event, at):
    event_id = uuid4()
    return Envelope(event_id, event.TYPE, at, str(event.subject), event_id, None, None, event.model_dump_json().encode())


class TestThroughTheLog:
    async def test_an_appeal_reaches_the_log_and_what_others_say_reaches_the_citizen(self, tmp_path, start):
        at = datetime(2026, 2, 2, 9, 20, tzinfo=UTC)
        async with start(tmp_path, worker=True) as desk:
            told = (await desk.file()).json()

            async def is_in_the_log():
                return sum((await desk.parts.log.end_offsets(APPEALS)).values()) == 1

            assert await eventually(is_in_the_log)
            raised = TierRaised(appeal_id=UUID(told["appeal_id"]), tier=3, queue="KZ-43/3/kk", reason="QUALITY")
            await desk.parts.log.append(APPEALS, [envelope(raised, at)])

            async def is_at_tier_three():
                return (await desk.track(told["number"], told["pin"])).json()["holder"] == "FUND_TIER3"

            assert await eventually(is_at_tier_three)
            provider = ProviderRecorded(
                provider_id=uuid4(),
                name_kk="№23 емхана",
                name_ru="Поликлиника №23",
                short_name="",
                aliases=[],
                region="KZ-43",
                district="",
                kind="POLYCLINIC",
                ownership="STATE",
                active=True,
            )
            await desk.parts.log.append(PROVIDERS, [envelope(provider, at)])

            async def is_known():
                return (await desk.file(provider={"provider_id": str(provider.provider_id)})).status_code == 201

            assert await eventually(is_known)


class TestOperations:
    async def test_it_is_ready_and_documents_its_calls(self, desk):
        assert (await desk.client.get("/intake/health/ready")).status_code == 200
        paths = (await desk.client.get("/intake/openapi.json")).json()["paths"]
        assert {"/intake/v1/appeals", "/intake/v1/appeals/{number}", "/intake/v1/imports", "/intake/internal/v1/contents"} <= set(paths)
