import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from intake.register.handlers import copy_providers
from intake.register.models import Appeal, Tracking
from shared.contracts import ProviderRecorded
from shared.domain.identifiers import RegistrationNumber
from shared.messaging.handling import Batch, Received
from shared.messaging.tables import idempotency, outbox
from tests.keys import key_named

CANARY = "Кездейсоқ-белгі-77"


def problem(answer):
    return answer.status_code, answer.json()["code"]


def fields(answer):
    assert answer.status_code == 422, answer.text
    return {(one["field"], one["code"]) for one in answer.json()["errors"]}


async def know_provider(desk):
    provider_id = uuid4()
    event = ProviderRecorded(
        provider_id=provider_id,
        name_kk="№23 емхана",
        name_ru="Поликлиника №23",
        short_name="23",
        aliases=["23 емхана"],
        region="KZ-43",
        district="",
        kind="POLYCLINIC",
        ownership="STATE",
        active=True,
    )
    async with desk.parts.units.write() as work:
        await copy_providers(work, Batch([Received(event, None, ("", 0, 0))], {}))
    return provider_id


async def count(desk, table):
    async with desk.parts.database.read() as session:
        return len((await session.execute(table.select())).all())


class TestRegister:
    async def test_an_appeal_gets_number_pin_and_explained_due_date(self, desk):
        answer = await desk.file()
        told = answer.json()
        assert answer.status_code == 201
        assert RegistrationNumber.parse(told["number"]).number_code == "43"
        assert len(told["pin"]) == 8
        assert told["status"] == "REGISTERED"
        assert told["received_by"] is None
        assert told["due_at"] == "2026-02-23T18:59:59Z"  # fifteen working days from 2 February
        assert told["due_provisional"] is True
        assert (told["due_explanation"][0]["counts"], told["due_explanation"][-1]["counts"]) == (None, 15)

    async def test_the_event_and_the_appeal_are_stored_together(self, desk):
        told = (await desk.file(kind="COMPLAINT", category="REFUSAL", provider={"name": "23 емхана"})).json()
        async with desk.parts.database.read() as session:
            (row,) = (await session.execute(outbox.select())).all()
        assert row.type == "kz.aryz.intake.appeal-registered.v1"
        assert row.key == told["appeal_id"]
        assert b'"provider_named":true' in row.value
        for word in ("емхана", "Азамат", "991231501014", "7010000000", "mail.example", "Жүрек"):
            assert word.encode() not in row.value

    async def test_a_complaint_in_the_laws_sense_has_twenty_working_days(self, desk):
        assert (await desk.file(statutory_form="ZHALOBA")).json()["due_at"] == "2026-03-02T18:59:59Z"

    async def test_after_hours_an_appeal_is_received_today_and_registered_tomorrow(self, desk):
        desk.clock.set(datetime(2026, 2, 2, 15, 0, tzinfo=UTC))  # 20:00 local
        told = (await desk.file()).json()
        assert (told["status"], told["registered_at"]) == ("RECEIVED", "2026-02-03T04:00:00Z")
        assert (await desk.track(told["number"], told["pin"])).json()["status"] == "RECEIVED"
        desk.clock.set(datetime(2026, 2, 3, 4, 0, tzinfo=UTC))
        tracked = (await desk.track(told["number"], told["pin"])).json()
        assert tracked["status"] == "REGISTERED"
        assert [one["type"] for one in tracked["timeline"]] == ["received", "registered"]

    async def test_an_empty_applicant_is_anonymous(self, desk):
        assert (await desk.file(applicant={}, consents=[])).status_code == 201
        (row,) = await desk.rows(Appeal)
        assert row.applicant is None

    async def test_a_known_provider_is_taken_and_an_unknown_one_named(self, desk):
        provider_id = await know_provider(desk)
        assert (await desk.file(provider={"provider_id": str(provider_id)})).status_code == 201
        assert fields(await desk.file(provider={"provider_id": str(uuid4())})) == {("provider.provider_id", "unknown-provider")}
        assert len(await desk.rows(Appeal)) == 1


class TestWhoMayFile:
    async def test_without_a_token_only_the_web_is_open(self, desk):
        assert problem(await desk.file(channel="APP")) == (403, "channel-not-allowed")
        assert (await desk.file(channel="WEB")).status_code == 201

    async def test_an_applicant_files_by_web_or_app(self, desk):
        token = desk.token("applicant", subject="synaq-1")
        assert (await desk.file(token, channel="APP")).status_code == 201
        assert problem(await desk.file(token, channel="CALL_1414")) == (403, "channel-not-allowed")

    @pytest.mark.parametrize("role", ["operator", "channel", "partner"])
    async def test_those_who_file_for_others_may_say_when_it_came_in(self, desk, role):
        answer = await desk.file(desk.token(role), channel="TELEGRAM", received_at="2026-01-05T09:15:00+05:00")
        assert answer.json()["received_at"] == "2026-01-05T04:15:00Z"

    @pytest.mark.parametrize("role", ["specialist", "expert", "supervisor", "head", "provider", "analyst", "admin"])
    async def test_every_other_role_files_as_an_applicant_does(self, desk, role):
        token = desk.token(role, subject="synaq-1")
        receipt = (await desk.file(token)).json()
        assert receipt["received_by"] is None
        seen = [await desk.track(receipt["number"], headers=one) for one in (token, desk.token("analyst", subject="synaq-2"))]
        assert [one.status_code for one in seen] == [200, 404]
        assert (await desk.file(token, channel="APP")).status_code == 201
        assert problem(await desk.file(token, channel="CALL_1414")) == (403, "channel-not-allowed")

    async def test_nobody_else_may_say_when_it_came_in(self, desk):
        for headers in (None, desk.token("applicant"), desk.token("admin")):
            answer = await desk.file(headers, received_at="2026-01-05T09:15:00Z")
            assert fields(answer) == {("received_at", "not-allowed")}

    async def test_an_operator_is_named_on_the_talon_and_may_leave_a_topic_for_the_text(self, desk):
        answer = await desk.file(desk.token("operator", name="Синтетика Оператор"), text=None, topic="T_INSURED_STATUS", language="ru")
        assert fields(answer) == {("topic", "unknown-code")}
        answer = await desk.file(desk.token("operator", name="Синтетика Оператор"), text=None, topic=some_topic(), language="ru")
        assert answer.json()["received_by"] == {"name": "Синтетика Оператор", "position": "Оператор контакт-центра"}
        assert fields(await desk.file(text=None, topic=some_topic())) == {("text", "required")}

    async def test_a_bad_token_is_401(self, desk):
        assert problem(await desk.file({"Authorization": "Bearer nonsense"})) == (401, "invalid-token")


def some_topic():
    from shared.domain.taxonomy import taxonomy  # noqa: PLC0415

    return next(iter(taxonomy().topics))


class TestFieldErrors:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"region": "KZ-99"}, ("region", "unknown-code")),
            ({"kind": "NONSENSE"}, ("kind", "unknown-code")),
            ({"kind": "COMPLAINT", "topic": some_topic()}, ("topic", "not-for-this-kind")),
            ({"category": "REFUSAL", "topic": some_topic()}, ("topic", "category-or-topic")),
            ({"kind": "CONSULTATION", "category": "REFUSAL"}, ("category", "not-for-this-kind")),
            ({"language": "de"}, ("language", "unknown-code")),
            ({"statutory_form": "X"}, ("statutory_form", "unknown-code")),
            ({"text": None}, ("text", "required")),
            ({"text": " \n "}, ("text", "too-short")),
            ({"text": "ә" * 20_001}, ("text", "too-long")),
            ({"provider": {}}, ("provider", "required")),
            ({"provider": {"name": "A", "provider_id": str(uuid4())}}, ("provider", "id-or-name")),
            ({"applicant": {"iin": "991231501015"}}, ("applicant.iin", "bad-iin")),
            ({"applicant": {"phone": "+7 900 000 00 00"}}, ("applicant.phone", "bad-phone")),
            ({"applicant": {"email": "synaq@"}}, ("applicant.email", "bad-email")),
            ({"consents": []}, ("consents", "processing-consent-required")),
            ({"consents": ["PROCESSING", "ALL"]}, ("consents.1", "unknown-code")),
            ({"unknown": 1}, ("unknown", "unknown-field")),
        ],
    )
    async def test_each_is_named_with_its_path(self, desk, changes, expected):
        assert expected in fields(await desk.file(**changes))

    @pytest.mark.parametrize(
        "moment",
        [
            "2026-02-02T09:20:01Z",  # five minutes are what clocks may differ by
            "1999-12-31T23:59:59Z",
            "2026-02-01",
            "2026-02-01T09:00:00",
            "1769936400",
            "0",
            "2026-02-30T09:00:00Z",
            "9999-12-31T23:59:59-23:00",
            "0001-01-01T00:00:00+23:00",
            "٢٠٢٦-02-01T09:00:00Z",
        ],
    )
    async def test_a_time_is_rfc_3339_from_2000_until_now(self, desk, moment):
        assert fields(await desk.file(desk.token("operator"), received_at=moment)) == {("received_at", "bad-time")}

    @pytest.mark.parametrize(
        ("received_at", "due_on"),
        [("2000-01-01T00:00:00Z", "2000-01-24"), ("2001-03-05T09:00:00Z", "2001-03-27"), ("2004-07-05T09:00:00Z", "2004-07-26")],
    )
    async def test_an_old_letter_has_its_own_years_term(self, desk, received_at, due_on):
        """Counted by hand: in March 2001 the 8th, 9th and 23rd are off, and the Sundays 11 and 25 are worked for the last two."""
        answer = await desk.file(desk.token("operator"), channel="MAIL", received_at=received_at)
        assert (answer.status_code, answer.json()["received_at"]) == (201, received_at)
        assert answer.json()["due_explanation"][-1]["date"] == due_on

    @pytest.mark.parametrize("now", [datetime(2028, 11, 20, 9, 0, tzinfo=UTC), datetime(2029, 1, 5, 9, 0, tzinfo=UTC)])
    async def test_filing_goes_on_at_the_end_of_the_calendar_and_after_it(self, desk, now):
        desk.clock.set(now)
        for who in (None, desk.token("operator")):
            answer = await desk.file(who, **({"channel": "WEB"} if who is None else {}))
            assert answer.status_code == 201, answer.text
            receipt = answer.json()
            assert receipt["due_provisional"] is True
            assert receipt["due_explanation"][-1]["date"] == receipt["due_at"][:10] > now.date().isoformat()


FIELDS = (
    "channel",
    "language",
    "kind",
    "category",
    "topic",
    "statutory_form",
    "region",
    "provider",
    "provider.provider_id",
    "provider.name",
    "text",
    "applicant",
    "applicant.full_name",
    "applicant.iin",
    "applicant.phone",
    "applicant.email",
    "applicant.address",
    "consents",
    "consents.0",
    "received_at",
)
BROKEN = {
    "number": b"17",
    "truth": b"true",
    "list": b"[[]]",
    "object": b'{"a":{}}',
    "empty": b'""',
    "blank": b'" "',
    "long": b'"' + b"q" * 21_000 + b'"',
    "canary": f'"{CANARY}\\u2028"'.encode(),
    "utf8": b'"\xff\xfe"',
    "nan": b"NaN",
    "infinity": b"-Infinity",
    "surrogate": b'"\\ud800"',
    "nul": b'"\\u0000"',
    "cut": b'"',
    "deep": b"[" * 5_000 + b"]" * 5_000,
    "huge": b'"' + b"x" * 10_000_000 + b'"',
}
# What may stand after all: names and addresses are free text, and a text may be anything up to 20 000 characters.
FREE = {("provider.name", "canary"), ("text", "canary"), ("applicant.full_name", "canary"), ("applicant.address", "canary")}


def with_broken(field, raw):
    """A body that is right but for one field."""
    first, _, second = field.partition(".")
    inner = raw
    if second:
        inner = b"[" + raw + b"]" if second == "0" else f'{{"{second}":'.encode() + raw + b"}"
    good = {"region": b'"KZ-43"', "text": b'"abc"', "applicant": b"{}", "consents": b'["PROCESSING"]'} | {first: inner}
    return b"{" + b",".join(f'"{name}":'.encode() + value for name, value in good.items()) + b"}"


class TestBadInput:
    @pytest.mark.parametrize("kind", BROKEN)
    async def test_whatever_is_wrong_with_a_field_is_a_problem_and_never_echoed(self, desk, kind):
        headers = {"Content-Type": "application/json", **desk.token("operator")}
        for field in FIELDS:
            if (field, kind) in FREE:
                continue
            answer = await desk.client.post("/intake/v1/appeals", content=with_broken(field, BROKEN[kind]), headers=headers)
            assert answer.status_code in {400, 413, 422}, (field, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert CANARY not in answer.text
            assert answer.status_code != 422 or any(one["field"].startswith(field.partition(".")[0]) for one in answer.json()["errors"])
        assert await desk.rows(Appeal) == []
        assert await count(desk, outbox) == 0

    async def test_what_is_no_json_or_no_object_is_refused(self, desk):
        for raw in (b"", b"{", b"[]", b"null", b"7", b"\xff"):
            answer = await desk.client.post("/intake/v1/appeals", content=raw, headers={"Content-Type": "application/json"})
            assert answer.status_code in {400, 422}
            assert answer.json()["code"]

    async def test_a_form_is_415(self, desk):
        assert problem(await desk.client.post("/intake/v1/appeals", data={"region": "KZ-43"}))[0] == 415


class TestIdempotency:
    async def test_fifty_parallel_repeats_are_one_appeal(self, desk):
        key = {"Idempotency-Key": key_named("k-1")}
        answers = await asyncio.gather(*(desk.file(key) for _ in range(50)))
        assert {one.status_code for one in answers} == {201}
        assert len({one.content for one in answers}) == 1
        assert sum(one.headers.get("Idempotency-Replayed") == "true" for one in answers) == 49
        assert len(await desk.rows(Appeal)) == 1
        assert await count(desk, idempotency) == 1

    async def test_a_later_repeat_is_replayed_and_another_body_refused(self, desk):
        key = {"Idempotency-Key": key_named("k-1")}
        first = await desk.file(key)
        again = await desk.file(key)
        assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
        assert problem(await desk.file(key, text="басқа")) == (422, "idempotency-key-reused")

    async def test_parallel_requests_with_one_key_and_two_bodies_make_one_appeal(self, desk):
        key = {"Idempotency-Key": key_named("k-1")}
        answers = await asyncio.gather(desk.file(key), desk.file(key, text="басқа"))
        assert sorted(one.status_code for one in answers) == [201, 422]

    async def test_a_refusal_is_not_kept(self, desk):
        key = {"Idempotency-Key": key_named("k-1")}
        answers = await asyncio.gather(*(desk.file(key, provider={"provider_id": str(uuid4())}) for _ in range(3)))
        assert {one.status_code for one in answers} == {422}
        assert (await desk.file(key)).status_code == 201

    async def test_the_same_key_of_two_senders_is_two_requests(self, desk):
        for headers in ({}, desk.token("applicant", subject="a"), desk.token("applicant", subject="b")):
            answer = await desk.file({"Idempotency-Key": key_named("k-1"), **headers})
            assert "Idempotency-Replayed" not in answer.headers
        assert len(await desk.rows(Appeal)) == 3

    async def test_two_processes_with_one_key_store_one_appeal(self, desk, neighbour):
        async with neighbour() as other:
            answers = await asyncio.gather(*(each.file({"Idempotency-Key": key_named("k-1")}) for each in (desk, other) for _ in range(5)))
        assert {one.status_code for one in answers} == {201}
        assert len({one.content for one in answers}) == 1


class TestParallelWriters:
    async def test_thirty_two_get_thirty_two_numbers(self, desk):
        answers = await asyncio.gather(*(desk.file() for _ in range(32)))
        assert len({one.json()["number"] for one in answers}) == 32
        assert len(await desk.rows(Tracking)) == 32
