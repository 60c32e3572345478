"""One's own appeals, their ETags, and the stream of their updates."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn

from intake.channels.partner import jobs
from intake.channels.partner.service import update_streams
from shared import server
from shared.contracts import TierRaised
from tests.intake.register.test_handlers import apply, routed
from tests.patience import PATIENCE

APPEALS = "/intake/v1/appeals"


@pytest.fixture
def citizen(desk):
    return desk.token("applicant", subject="citizen-1")


@asynccontextmanager
async def listening(desk):
    """Serve the application on a local socket: an in-process client would wait for the end of the stream."""
    config = uvicorn.Config(desk.app, lifespan="off", log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=5)
    one, socket = uvicorn.Server(config), server.listen("127.0.0.1", 0)
    task = asyncio.create_task(one.serve(sockets=[socket]))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{socket.getsockname()[1]}", trust_env=False, timeout=PATIENCE) as client:
        while not one.started:
            await asyncio.sleep(0.01)
        try:
            yield client
        finally:
            one.should_exit = True
            await task
            socket.close()


async def events(lines, count):
    """Return the next `count` events of a stream: (id, data)."""
    found, one = [], {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            one[name] = value
        elif "data" in one:
            found.append((one["id"], json.loads(one["data"])))
            one = {}
            if len(found) == count:
                return found
        else:
            one = {}
    return found


async def move(desk, appeal_id, tier):
    await apply(desk, TierRaised(appeal_id=appeal_id, tier=tier, queue=f"KZ-43/{tier}/kk", reason="QUALITY"))
    await jobs.assign_positions(desk.parts)


class TestOwnAppeals:
    async def test_they_are_listed_newest_first_in_pages(self, desk, citizen):
        filed = [(await desk.file(citizen, channel="APP")).json()["number"] for _ in range(3)]
        await desk.file(desk.token("applicant", subject="citizen-2"), channel="APP")
        await desk.file()
        first = (await desk.client.get(APPEALS, headers=citizen, params={"limit": 2})).json()
        second = (await desk.client.get(APPEALS, headers=citizen, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert [one["number"] for one in first["items"] + second["items"]] == filed[::-1]
        assert (first["total"], second["total"], second["next_cursor"]) == (3, 3, None)

    async def test_only_roles_that_own_appeals_read_the_list(self, desk):
        assert (await desk.client.get(APPEALS)).status_code == 401
        for role in ("operator", "channel", "admin", "analyst", "provider", "service"):
            assert (await desk.client.get(APPEALS, headers=desk.token(role))).status_code == 403

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIl0"])
    async def test_a_bad_cursor_is_named(self, desk, citizen, cursor):
        refused = await desk.client.get(APPEALS, headers=citizen, params={"cursor": cursor})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "bad-cursor")


class TestETag:
    async def test_unchanged_content_is_not_sent_again(self, desk, citizen):
        filed = (await desk.file(citizen, channel="APP")).json()
        for path in (APPEALS, f"{APPEALS}/{filed['number']}"):
            first = await desk.client.get(path, headers=citizen)
            assert first.headers["ETag"].startswith('W/"')
            again = await desk.client.get(path, headers={**citizen, "If-None-Match": f'"other", {first.headers["ETag"]}'})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])

    async def test_an_event_of_the_appeal_changes_the_tag(self, desk, citizen):
        filed = (await desk.file(citizen, channel="APP")).json()
        paths = (APPEALS, f"{APPEALS}/{filed['number']}")
        before = [(await desk.client.get(path, headers=citizen)).headers["ETag"] for path in paths]
        await apply(desk, routed(UUID(filed["appeal_id"])))
        for path, tag in zip(paths, before, strict=True):
            changed = await desk.client.get(path, headers={**citizen, "If-None-Match": tag})
            assert (changed.status_code, changed.json().get("status", "IN_REVIEW")) == (200, "IN_REVIEW")

    async def test_a_tag_opens_nothing(self, desk, citizen):
        filed = (await desk.file(citizen, channel="APP")).json()
        tag = (await desk.client.get(f"{APPEALS}/{filed['number']}", headers=citizen)).headers["ETag"]
        for known in (tag, "*"):
            headers = {**desk.token("applicant", subject="citizen-2"), "If-None-Match": known}
            assert (await desk.client.get(f"{APPEALS}/{filed['number']}", headers=headers)).status_code == 404


class TestStream:
    async def test_it_continues_after_the_last_event_received(self, desk, citizen, monkeypatch):
        monkeypatch.setattr(update_streams, "POLL_SECONDS", 0.01)
        mine = UUID((await desk.file(citizen, channel="APP")).json()["appeal_id"])
        others = UUID((await desk.file(desk.token("applicant", subject="citizen-2"), channel="APP")).json()["appeal_id"])
        for one in (mine, others):
            await move(desk, one, 2)
        async with listening(desk) as client:
            async with client.stream("GET", "/intake/v1/events", headers={**citizen, "Last-Event-ID": "WzBd"}) as response:
                assert response.headers["content-type"].startswith("text/event-stream")
                [(seen, first)] = await events(response.aiter_lines(), 1)
            await move(desk, mine, 3)
            async with client.stream("GET", "/intake/v1/events", headers={**citizen, "Last-Event-ID": seen}) as response:
                lines = response.aiter_lines()
                [(_, second)] = await events(lines, 1)
                assert {first["appeal_id"], second["appeal_id"]} == {str(mine)}
                assert first["cursor"] != second["cursor"]
                await move(desk, others, 3)
                await move(desk, mine, 2)
                [(_, third)] = await events(lines, 1)
                assert third["appeal_id"] == str(mine)

    async def test_without_a_last_event_it_starts_with_new_updates(self, desk, citizen, monkeypatch):
        monkeypatch.setattr(update_streams, "POLL_SECONDS", 0.01)
        mine = UUID((await desk.file(citizen, channel="APP")).json()["appeal_id"])
        await move(desk, mine, 2)
        async with listening(desk) as client, client.stream("GET", "/intake/v1/events", headers=citizen) as response:
            lines = response.aiter_lines()
            assert await anext(lines) == ": open"
            await move(desk, mine, 3)
            found = [line async for line in _until_data(lines)]
            assert json.loads(found[-1].removeprefix("data: "))["type"] == "tier-raised"

    async def test_streams_that_open_together_share_one_polling_task(self, desk):
        streams = desk.app.state.update_streams
        async with AsyncExitStack() as open_streams:
            await asyncio.gather(*(open_streams.enter_async_context(streams.open(bytes([owner]))) for owner in range(5)))
            assert [task.get_name() for task in asyncio.all_tasks()].count("update-streams") == 1
        assert [task.get_name() for task in asyncio.all_tasks()].count("update-streams") == 0

    async def test_it_ends_when_the_process_stops(self, desk, citizen, monkeypatch):
        monkeypatch.setattr(update_streams, "POLL_SECONDS", 0.01)
        async with listening(desk) as client, client.stream("GET", "/intake/v1/events", headers=citizen) as response:
            monkeypatch.setattr(server, "is_stopping", lambda: True)
            async with asyncio.timeout(PATIENCE):
                assert await events(response.aiter_lines(), 1) == []

    async def test_it_ends_with_its_token(self, desk, citizen, monkeypatch):
        monkeypatch.setattr(update_streams, "POLL_SECONDS", 0.01)
        async with listening(desk) as client, client.stream("GET", "/intake/v1/events", headers=citizen) as response:
            lines = response.aiter_lines()
            assert await anext(lines) == ": open"
            desk.clock.advance(timedelta(days=1))
            async with asyncio.timeout(PATIENCE):
                assert await events(lines, 1) == []

    async def test_a_person_has_a_limited_number_of_streams_and_may_open_another_after_closing_one(self, start, tmp_path):
        async with start(tmp_path, streams_each=2) as desk, listening(desk) as client:
            mine, others = (desk.token("applicant", subject=one) for one in ("citizen-1", "citizen-2"))
            async with client.stream("GET", "/intake/v1/events", headers=mine):
                async with client.stream("GET", "/intake/v1/events", headers=mine):
                    refused = await client.get("/intake/v1/events", headers=mine)
                    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
                    assert refused.headers["Retry-After"] == str(update_streams.RETRY_AFTER_SECONDS)
                    async with client.stream("GET", "/intake/v1/events", headers=others) as response:
                        assert response.status_code == 200
                await _until(lambda: sum(map(len, desk.app.state.update_streams._streams.values())) == 1)
                async with client.stream("GET", "/intake/v1/events", headers=mine) as response:
                    assert response.status_code == 200

    async def test_it_is_for_applicants_and_a_bad_position_is_refused(self, desk, citizen):
        assert (await desk.client.get("/intake/v1/events")).status_code == 401
        assert (await desk.client.get("/intake/v1/events", headers=desk.token("partner"))).status_code == 403
        refused = await desk.client.get("/intake/v1/events", headers={**citizen, "Last-Event-ID": str(uuid4())})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "bad-cursor")


async def _until(holds):
    """The server notices a moment later that a client has gone."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


async def _until_data(lines):
    async for line in lines:
        yield line
        if line.startswith("data: "):
            return
