"""Attacks on Idempotency-Keys: many at once, a stranger's key, a guessed key, an answer that its reader may no longer see."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from intake.attachments.models import Attachment
from intake.channels.counter.models import Reception
from intake.channels.partner.models import Delivery, Subscription
from intake.register.models import Appeal, Tracking
from provider_contact.directory.models import Provider
from shared import idempotency
from shared.messaging import tables
from tests.intake.channels.partner.conftest import PATH as SUBSCRIPTIONS
from tests.intake.channels.partner.conftest import Partner
from tests.intake.conftest import appeal
from tests.intake.register.test_applicant_api import WORDS
from tests.intake.register.test_applicant_api import filed as filed_case
from tests.keys import key_named
from tests.provider_contact.conftest import ANSWER, PROVIDER, appeal_id, registered, routed
from tests.provider_contact.conftest import sent_inquiry as inquiry_sent

AT_ONCE = 8
HOOK = "http://127.0.0.1:9/hook"
WEAK = ["my-first", "1", "00000000-0000-4000-8000-000000000000", str(UUID(int=7)), "01890a5d-ac96-774b-bcce-b302099a8057"]


async def at_once(call, number=AT_ONCE):
    return await asyncio.gather(*(call() for _ in range(number)))


def one_answer(answers, status):
    """Every request got the answer of the first."""
    assert [one.status_code for one in answers] == [status] * len(answers), {one.text for one in answers if one.status_code != status}
    assert len({one.content for one in answers}) == 1
    assert sum("Idempotency-Replayed" not in one.headers for one in answers) == 1
    return answers[0]


async def count(parts, table):
    async with parts.database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


@pytest.fixture
async def partner(start, tmp_path):
    async with start(tmp_path, webhooks_to_loopback=True) as desk:
        yield Partner(desk)


class TestSimultaneousRepeats:
    async def test_subscribing_makes_one_subscription(self, partner):
        one_answer(await at_once(lambda: partner.once("k", "/subscriptions", url=HOOK)), 201)
        assert len(await partner.desk.rows(Subscription)) == 1

    async def test_a_secret_is_renewed_once(self, partner):
        made = await partner.subscribe(HOOK)
        path = f"/subscriptions/{made['subscription_id']}/secret"
        secret = one_answer(await at_once(lambda: partner.once("k", path)), 200).json()["secret"]
        row = (await partner.desk.rows(Subscription))[0]
        assert partner.desk.parts.sealer.open("subscription", row.id, "secret", row.secret).decode() == secret
        assert partner.desk.parts.sealer.open("subscription", row.id, "former_secret", row.former_secret).decode() == made["secret"]

    async def test_updates_are_replayed_once(self, partner):
        made = await partner.subscribe(HOOK)
        await partner.live(await partner.file(channel="HEALTH_DEPT"), "routed")
        waiting = len(await partner.desk.rows(Delivery))
        path = f"/subscriptions/{made['subscription_id']}/replay"
        one_answer(await at_once(lambda: partner.once("k", path, since="2026-01-01T00:00:00Z")), 200)
        assert len(await partner.desk.rows(Delivery)) == waiting

    async def test_a_subscription_is_deleted_once_and_every_request_succeeds(self, partner):
        made = await partner.subscribe(HOOK)
        headers = {**partner.headers, "Idempotency-Key": "k"}
        path = f"{SUBSCRIPTIONS}/{made['subscription_id']}"
        one_answer(await at_once(lambda: partner.desk.client.delete(path, headers=headers)), 204)
        assert await partner.desk.rows(Subscription) == []

    async def test_the_list_of_providers_is_imported_once(self, world):
        answers = await at_once(lambda: world.load({}, **{"Idempotency-Key": "k"}))
        assert one_answer(answers, 200).json()["imported"] == 1
        assert len(await world.rows(Provider)) == 1

    async def test_an_inquiry_is_answered_once(self, world):
        inquiry_id = await inquiry_sent(world)
        mine = world.token("provider", provider_id=PROVIDER) | {"Idempotency-Key": "k"}
        one_answer(await at_once(lambda: world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", mine, ANSWER)), 200)

    async def test_a_case_is_claimed_once(self, routing_desk):
        opened = await routing_desk.open()
        clerk = routing_desk.token("specialist", region="KZ-43", subject="s")
        version = (await routing_desk.case(opened))["version"]
        one_answer(await at_once(lambda: routing_desk.carry_out(opened, "claim", clerk, key="k", expected_version=version)), 200)
        facts = [name for name, _ in await routing_desk.emitted()]
        assert facts.count("case-claimed") == 1

    async def test_without_a_key_only_one_changes_the_case_and_nobody_gets_a_server_error(self, routing_desk):
        opened = await routing_desk.open()
        clerk = routing_desk.token("specialist", region="KZ-43", subject="s")
        version = (await routing_desk.case(opened))["version"]
        answers = await at_once(lambda: routing_desk.carry_out(opened, "claim", clerk, expected_version=version))
        assert sorted(one.status_code for one in answers) == [200] + [409] * (AT_ONCE - 1)

    async def test_an_upload_begins_once(self, desk):
        key = {"Idempotency-Key": str(uuid4())}
        answers = await at_once(lambda: desk.client.post("/intake/v1/uploads", json={"length": 5}, headers=key))
        begun = one_answer(answers, 201)
        assert {one.headers["Location"] for one in answers} == {f"/intake/v1/uploads/{begun.json()['upload_id']}"}
        assert len(await desk.rows(Attachment)) == 1

    async def test_a_piece_is_appended_once_and_an_upload_cancelled_once(self, desk):
        begun = (await desk.client.post("/intake/v1/uploads", json={"length": 10})).json()
        path = f"/intake/v1/uploads/{begun['upload_id']}"
        held = {"Upload-Token": begun["token"], "Upload-Offset": "0", "Content-Type": "application/partial-upload"}
        piece = held | {"Idempotency-Key": str(uuid4())}
        answers = await at_once(lambda: desk.client.patch(path, content=b"Hello", headers=piece))
        assert one_answer(answers, 200).json()["offset"] == 5
        assert {one.headers["Upload-Offset"] for one in answers} == {"5"}
        other = await desk.client.patch(path, content=b"other", headers=piece)
        assert other.json()["code"] == "idempotency-key-reused"
        end = held | {"Idempotency-Key": str(uuid4())}
        one_answer(await at_once(lambda: desk.client.delete(path, headers=end)), 204)
        assert (await desk.client.delete(path, headers=held)).status_code == 404

    async def test_a_former_register_is_imported_once_with_one_report(self, desk):
        line = (
            '{"legacy_number": "1", "channel": "CALL_1406", "language": "ru", "kind": "GRATITUDE", "region": "KZ-43",'
            ' "received_at": "2021-03-01T05:00:00Z", "closed_at": "2021-03-02T05:00:00Z", "outcome": "NOTED", "text": "Рахмет"}\n'
        )
        admin = desk.token("admin") | {"Idempotency-Key": "k", "Content-Type": "application/x-ndjson"}
        answers = await at_once(lambda: desk.client.post("/intake/v1/imports", content=line, headers=admin))
        assert one_answer(answers, 200).json() == {"received": 1, "imported": 1, "unchanged": 0, "rejected": []}
        other = await desk.client.post("/intake/v1/imports", content=line.replace("Рахмет", "Рақмет"), headers=admin)
        assert other.json()["code"] == "idempotency-key-reused"

    @pytest.mark.parametrize("call", ["confirmation", "reopening"])
    async def test_a_repeated_reopening_files_one_new_appeal_and_shows_its_receipt(self, desk, neighbour, call):
        case = await filed_case(desk)
        await case.answered()
        said = {"reason": WORDS} | ({"outcome": "NOT_RESOLVED"} if call == "confirmation" else {})
        headers = {"Appeal-Pin": case.pin, "Idempotency-Key": key_named("k")}
        async with neighbour() as other:
            path = f"/intake/v1/appeals/{case.number}/{call}"
            calls = [each.client.post(path, json=said, headers=headers) for each in (desk, other) for _ in range(AT_ONCE // 2)]
            answers = await asyncio.gather(*calls)
        one_answer(answers, 201)
        assert len(await desk.rows(Appeal)) == 2
        async with desk.parts.database.write() as session:
            await session.execute(Tracking.__table__.update().values(status="CLOSED"))
        assert (await desk.client.post(path, json=said, headers=headers)).content == answers[0].content

    async def test_two_processes_note_one_reception_at_the_counter(self, desk, neighbour):
        from tests.intake.channels.counter.test_api import know_provider, officer  # noqa: PLC0415

        token = officer(desk, await know_provider(desk)) | {"Idempotency-Key": "k"}
        async with neighbour() as other:
            answers = await asyncio.gather(*(each.file(token, channel="SPP") for each in (desk, other) for _ in range(AT_ONCE // 2)))
        one_answer(answers, 201)
        assert len(await desk.rows(Reception)) == len(await desk.rows(Appeal)) == 1


class TestAFailureReleasesTheKey:
    async def test_of_those_who_wait_for_a_refused_request_the_next_does_the_work(self, partner):
        """The first fails while the others wait for its key: one of them subscribes."""
        began = asyncio.Event()
        store, failures = partner.desk.parts.idempotency, [True]
        finish = store.finish

        async def fail_once(session, request, answer, now, *, status):
            if failures and request is not None:
                failures.pop()
                began.set()
                await asyncio.sleep(0.05)
                raise ConnectionResetError
            await finish(session, request, answer, now, status=status)

        store.finish = fail_once
        first = asyncio.create_task(partner.once("k", "/subscriptions", url=HOOK))
        await began.wait()
        answers = await at_once(lambda: partner.once("k", "/subscriptions", url=HOOK))
        assert (await first).status_code == 503
        one_answer(answers, 201)
        assert len(await partner.desk.rows(Subscription)) == 1

    async def test_refused_filings_under_one_key_are_all_refused_and_leave_nothing(self, desk):
        key = {"Idempotency-Key": str(uuid4())}
        answers = await at_once(lambda: desk.file(key, provider={"provider_id": str(uuid4())}))
        assert {one.status_code for one in answers} == {422}
        assert await count(desk.parts, tables.idempotency) == 0

    async def test_an_upload_that_breaks_off_releases_its_key(self, desk):
        begun = (await desk.client.post("/intake/v1/uploads", json={"length": 10})).json()
        headers = {
            "Upload-Token": begun["token"],
            "Upload-Offset": "7",
            "Content-Type": "application/partial-upload",
            "Idempotency-Key": str(uuid4()),
        }
        path = f"/intake/v1/uploads/{begun['upload_id']}"
        assert (await desk.client.patch(path, content=b"Hello", headers=headers)).status_code == 409
        assert (await desk.client.patch(path, content=b"Hello", headers=headers | {"Upload-Offset": "0"})).status_code == 200


class TestAnonymousKeys:
    @pytest.mark.parametrize("weak", WEAK)
    async def test_a_key_that_could_be_guessed_is_refused_at_every_door_without_a_token(self, desk, weak):
        case = await filed_case(desk)
        begun = (await desk.client.post("/intake/v1/uploads", json={"length": 10})).json()
        held = {"Upload-Token": begun["token"], "Upload-Offset": "0", "Content-Type": "application/partial-upload"}
        key, own = {"Idempotency-Key": weak}, {"Appeal-Pin": case.pin, "Idempotency-Key": weak}
        appeals, upload = f"/intake/v1/appeals/{case.number}", f"/intake/v1/uploads/{begun['upload_id']}"
        answers = [
            await desk.file(key),
            await desk.client.post("/intake/v1/uploads", json={"length": 10}, headers=key),
            await desk.client.patch(upload, content=b"Hello", headers=held | key),
            await desk.client.delete(upload, headers=held | key),
            await desk.client.post(f"{appeals}/attachments", content=b"Hello", headers=own | {"Content-Type": "text/plain"}),
            *[
                await desk.client.post(f"{appeals}/{call}", json=said, headers=own)
                for call, said in (
                    ("messages", {"text": WORDS}),
                    ("verification", {"purpose": "withdrawal"}),
                    ("contact-confirmation", {"code": "123456"}),
                    ("withdrawal", {"statement": WORDS, "reason": "SOLVED", "code": "123456"}),
                    ("confirmation", {"outcome": "RESOLVED"}),
                    ("feedback", {"score": 5}),
                    ("reopening", {"reason": WORDS}),
                )
            ],
        ]
        assert {(one.status_code, one.json()["code"]) for one in answers} == {(422, "idempotency-key-weak")}
        assert len(await desk.rows(Appeal)) == 1

    async def test_with_a_token_any_key_will_do(self, desk):
        assert (await desk.file(desk.token("applicant", subject="a") | {"Idempotency-Key": "my-first"})).status_code == 201

    async def test_a_wrong_pin_says_nothing_about_the_key(self, desk):
        case = await filed_case(desk)
        answers = [
            await desk.client.post(
                f"/intake/v1/appeals/{case.number}/messages", json={"text": WORDS}, headers={"Appeal-Pin": "00000000", **key}
            )
            for key in ({}, {"Idempotency-Key": "my-first"})
        ]
        assert {one.content for one in answers} == {answers[0].content}

    async def test_a_retry_over_another_network_finds_its_receipt(self, desk):
        key = {"Idempotency-Key": str(uuid4())}
        first = await desk.file(key)
        elsewhere = httpx.ASGITransport(desk.app, client=("198.51.100.7", 40000))
        async with httpx.AsyncClient(transport=elsewhere, base_url="http://aryz.example") as client:
            again = await client.post("/intake/v1/appeals", json=appeal(), headers=key)
            other = await client.post("/intake/v1/appeals", json=appeal(text="басқа"), headers=key)
        assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert first.json()["pin"] not in other.text

    async def test_the_document_names_the_refusal_wherever_nobody_needs_a_token(self, desk):
        paths = (await desk.client.get("/intake/openapi.json")).json()["paths"]
        keyed = {
            (path, method): operation
            for path, item in paths.items()
            for method, operation in item.items()
            if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", []))
        }
        named = {name for name, operation in keyed.items() if "idempotency-key-weak" in str(operation["responses"]["422"])}
        only_with_a_token = {name for name in keyed if name[0].split("/")[3] in {"subscriptions", "imports", "withdrawals", "channels"}}
        assert named == set(keyed) - only_with_a_token


class TestTheAnswerIsShownToWhoMaySeeIt:
    async def test_a_specialist_of_another_region_does_not_read_the_old_case(self, routing_desk):
        opened = await routing_desk.open()
        version = (await routing_desk.case(opened))["version"]
        here, moved = (routing_desk.token("specialist", region=region, subject="s") for region in ("KZ-43", "KZ-75"))
        first = await routing_desk.carry_out(opened, "claim", here, key="k", expected_version=version)
        assert first.status_code == 200
        elsewhere = await routing_desk.carry_out(opened, "claim", moved, key="k", expected_version=version)
        missing = await routing_desk.carry_out(uuid4(), "claim", moved, key="other", expected_version=version)
        assert (elsewhere.status_code, elsewhere.content) == (404, missing.content)
        assert (await routing_desk.carry_out(opened, "claim", here, key="k", expected_version=version)).content == first.content

    async def test_a_role_that_may_no_longer_act_gets_what_a_new_request_would(self, routing_desk):
        opened = await routing_desk.open()
        version = (await routing_desk.case(opened))["version"]
        clerk, admin = routing_desk.token("operator", subject="s"), routing_desk.token("admin", subject="s")
        assert (await routing_desk.carry_out(opened, "claim", clerk, key="k", expected_version=version)).status_code == 200
        assert (await routing_desk.carry_out(opened, "claim", admin, key="k", expected_version=version)).status_code == 403

    async def test_a_provider_that_became_another_does_not_read_the_old_inquiry(self, world):
        inquiry_id = await inquiry_sent(world)
        path = f"/v1/inquiries/{inquiry_id}/actions/respond"
        mine, others = (world.token("provider", provider_id=one, subject="p") | {"Idempotency-Key": "k"} for one in (PROVIDER, uuid4()))
        assert (await world.post(path, mine, ANSWER)).status_code == 200
        assert (await world.post(path, others, ANSWER)).status_code == 404
        assert (await world.post(path, mine, ANSWER)).status_code == 200

    async def test_a_clerk_who_moved_does_not_read_the_choice(self, listed):
        listed.intake.names(1, "біздің аурухана")
        await listed.consume(registered(1, provider_named=True))
        await listed.consume(routed(1))
        path = f"/v1/matches/{appeal_id(1)}/actions/choose"
        said = {"provider_id": str(next(iter((await listed.providers()).values())))}
        here, moved = (listed.token("specialist", region=one, subject="s") | {"Idempotency-Key": "k"} for one in ("KZ-43", "KZ-75"))
        assert (await listed.post(path, here, said)).status_code == 200
        assert (await listed.post(path, moved, said)).status_code == 404
        assert (await listed.post(path, here, said)).status_code == 200

    async def test_a_caller_who_moved_does_not_read_the_withdrawal(self, desk):
        case = await filed_case(desk)
        await case.routed()
        assert (await case.withdraw()).json()["withdrawal"] == "PENDING"
        path, said = f"/intake/v1/withdrawals/{case.id}/call-back", {"confirmed": True}
        here, moved = (desk.token("specialist", region=one, subject="s") | {"Idempotency-Key": "k"} for one in ("KZ-43", "KZ-75"))
        first = await desk.client.post(path, json=said, headers=here)
        assert first.status_code == 201
        assert (await desk.client.post(path, json=said, headers=moved)).status_code == 404
        assert (await desk.client.post(path, json=said, headers=here)).content == first.content

    async def test_a_secret_is_not_shown_once_its_subscription_is_gone(self, partner):
        made = await partner.subscribe(HOOK)
        path = f"/subscriptions/{made['subscription_id']}/secret"
        assert (await partner.once("k", path)).status_code == 200
        await partner.desk.client.delete(f"{SUBSCRIPTIONS}/{made['subscription_id']}", headers=partner.headers)
        assert (await partner.once("k", path)).status_code == 404

    async def test_another_sender_with_the_same_key_and_body_gets_an_answer_of_its_own(self, desk):
        answers = [
            await desk.file(who | {"Idempotency-Key": key_named("shared")})
            for who in ({}, desk.token("applicant", subject="a"), desk.token("applicant", subject="b"))
        ]
        assert len({one.json()["pin"] for one in answers}) == 3


class TestALostConnection:
    async def test_a_client_that_gives_up_and_retries_while_the_first_runs_gets_its_answer(self, desk, monkeypatch):
        """The mobile line drops while the appeal is being stored; the application sends it again under the same key."""
        stored, write = asyncio.Event(), desk.parts.database.write

        def slow_write(**given):
            return _after(stored, write(**given))

        monkeypatch.setattr(desk.parts.database, "write", slow_write)
        key = {"Idempotency-Key": str(uuid4())}
        first = asyncio.create_task(desk.file(key))
        while not desk.app.state.intake.register._in_flight:
            await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        retry = asyncio.create_task(desk.file(key))
        await asyncio.sleep(0.05)
        assert not retry.done()
        stored.set()
        answer = await retry
        assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
        assert (await desk.track(answer.json()["number"], answer.json()["pin"])).status_code == 200
        assert len(await desk.rows(Appeal)) == 1

    async def test_the_wait_for_the_first_has_an_end(self, desk, monkeypatch):
        monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.05)
        request = desk.parts.idempotency.request("anonymous", str(uuid4()), "operation", appeal_model())
        async with desk.parts.idempotency.alone(request):
            with pytest.raises(idempotency.Unavailable):
                async with desk.parts.idempotency.alone(request):
                    pass


def appeal_model():
    from intake.register.schemas import AppealIn  # noqa: PLC0415

    return AppealIn.model_validate(appeal())


class _after:  # noqa: N801 - a context manager
    """Enters the transaction only after the event."""

    def __init__(self, event, transaction):
        self._event, self._transaction = event, transaction

    async def __aenter__(self):
        await self._event.wait()
        return await self._transaction.__aenter__()

    async def __aexit__(self, *given):
        return await self._transaction.__aexit__(*given)
