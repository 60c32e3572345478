"""The published HTTP surface as a partner's engineer reads it: every call, every shape, every refusal it names."""

import json
from uuid import uuid4

import pytest

from tests.e2e import shapes
from tests.e2e.shapes import APPEALS, NOBODY, has, is_problem, raw, send, without

__all__ = ["raw", "send"]  # fixtures, used by name

APPEAL = {
    "channel": "APP",
    "language": "ru",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "topic": None,
    "statutory_form": None,
    "region": "KZ-43",
    "provider": {"name": "23 емхана"},
    "text": "Отказали в приёме терапевта.",
    "applicant": {
        "full_name": "Сынақ Айбек",
        "iin": "991231501014",
        "phone": "+77010000000",
        "email": "aibek@example.org",
        "address": "Сынақ көшесі, 1",
    },
    "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"],
    "received_at": "2025-02-03T09:15:00Z",
}
WEB = {"region": "KZ-00", "text": "Как оплатить взносы?", "applicant": {}}  # what is required, and nothing else
ROW = {
    "legacy_number": "s/1",
    "channel": "CALL_1414",
    "language": "kk",
    "kind": "COMPLAINT",
    "category": "QUALITY",
    "topic": None,
    "region": "KZ-10",
    "provider_bin": None,
    "received_at": "2025-03-03T06:00:00Z",
    "closed_at": "2025-03-04T06:00:00Z",
    "outcome": "JUSTIFIED",
    "text": None,
}
REGIONAL = ("specialist", "supervisor", "head")
STAFF = {"operator", "specialist", "expert", "supervisor", "head"}
ROLES = (*sorted(STAFF), "applicant", "channel", "telephony", "provider", "analyst", "partner", "admin", "service")
NDJSON = "application/x-ndjson"


def claims_of(role):
    """A specialist needs a region; and each purpose of a contents read is one service's."""
    return {"region": "KZ-43"} if role in REGIONAL else {"subject": "routing"} if role == "service" else {}


class TestEveryService:
    @pytest.mark.parametrize("service", shapes.SERVICES)
    def test_it_says_how_it_is_and_documents_itself(self, people, service):
        for page, media in [
            ("health/live", "application/json"),
            ("health/ready", "application/json"),
            ("metrics", "text/plain"),
            ("docs", "text/html"),
            ("openapi.json", "application/json"),
        ]:
            answer = people.get(f"/{service}/{page}")
            assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, media), page
            assert "https://" not in answer.text or page == "openapi.json"  # nothing comes from another origin

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/routing/v1/cases", STAFF | {"admin"}),
            ("/provider-contact/v1/inquiries", STAFF | {"admin", "provider"}),
            ("/analytics/v1/kpis", set(ROLES)),
            ("/provider-contact/v1/providers", set(ROLES)),
            ("/routing/v1/deadlines?policy=APPK_15WD&from=2026-02-02", set(ROLES)),
            ("/routing/v1/articles?query=взнос&language=ru", set(ROLES)),
        ],
    )
    def test_reading_is_for_the_roles_that_are_named(self, people, path, allowed):
        answered = {role: people.get(path, role, **claims_of(role)).status_code for role in ROLES}
        assert answered == {role: 200 if role in allowed else 403 for role in ROLES}

    @pytest.mark.parametrize(
        ("path", "body", "allowed"),
        [
            ("/routing/v1/classifications", {"text": "Талон жоқ деді."}, STAFF | {"channel"}),
            ("/intake/internal/v1/contents", {"ids": [], "purpose": "classification"}, {"service"}),
            ("/intake/v1/imports", None, {"admin"}),
            ("/provider-contact/v1/providers/imports", None, {"admin"}),
        ],
    )
    def test_writing_is_for_the_roles_that_are_named(self, send, path, body, allowed):
        refused = {role for role in ROLES if send(path, body, role, **claims_of(role)).status_code == 403}
        assert refused == set(ROLES) - allowed
        assert is_problem(send(path, body), 401, "unauthorized")

    def test_a_token_of_somebody_else_opens_nothing(self, people):
        assert is_problem(people.get("/routing/v1/cases", headers={"Authorization": "Bearer x.y.z"}), 401, "invalid-token")

    @pytest.mark.parametrize(
        ("path", "role", "claims"),
        [
            ("/routing/v1/cases", "specialist", {"region": "KZ-43"}),
            ("/routing/v1/articles", None, {}),
            ("/intake/v1/services", None, {}),
            ("/intake/v1/subscriptions", "partner", {}),
            ("/intake/v1/withdrawals", "admin", {}),
            ("/provider-contact/v1/providers", None, {}),
            ("/provider-contact/v1/inquiries", "specialist", {"region": "KZ-43"}),
            ("/analytics/v1/kpis", "analyst", {}),
        ],
    )
    def test_every_list_has_one_shape_and_refuses_bad_pages(self, people, path, role, claims):
        def asked(**params):
            return people.get(path, role, params=params, **claims)

        has(asked(limit=200), shapes.listing(dict))
        assert is_problem(asked(limti=5), 422, "invalid-input", "limti")
        for limit in (0, 201, "x"):
            assert is_problem(asked(limit=limit), 422, "invalid-input", "limit")
        for cursor in ("x", "bnVsbA", ""):
            assert is_problem(asked(cursor=cursor), 422, "invalid-input", "cursor")


class TestRegistering:
    def test_a_channel_registers_with_everything(self, send):
        receipt = has(send(APPEALS, APPEAL, "channel"), shapes.RECEIPT, 201)
        assert (receipt["received_at"], receipt["due_provisional"]) == ("2025-02-03T09:15:00Z", True)
        assert receipt["number"].startswith("2025-43-")
        assert receipt["due_explanation"][-1]["counts"] == 15
        assert receipt["due_at"].startswith(receipt["due_explanation"][-1]["date"])

    def test_a_citizen_without_a_token_registers_with_what_is_required(self, send):
        receipt = has(send(APPEALS, WEB), shapes.RECEIPT, 201)
        assert receipt["received_by"] is None
        assert receipt["number"].split("-")[1] == "00"

    def test_an_operator_may_give_a_topic_instead_of_the_text(self, send):
        body = without(WEB, "text") | {"kind": "CONSULTATION", "topic": "PAY_METHODS"}
        receipt = has(send(APPEALS, body, "operator", name="Сынақ Оператор"), shapes.RECEIPT, 201)
        assert receipt["received_by"]["name"] == "Сынақ Оператор"
        assert is_problem(send(APPEALS, body, "channel"), 422, "invalid-input", "text")

    @pytest.mark.parametrize("role", ["operator", "channel", "partner"])
    def test_those_who_register_for_others_say_when_it_came(self, send, role):
        there = APPEAL | {"channel": "MAIL", "received_at": "2025-02-03T14:15:00+05:00"}
        assert send(APPEALS, there, role).json()["received_at"] == "2025-02-03T09:15:00Z"
        old = has(send(APPEALS, there | {"received_at": "2001-03-05T09:00:00Z"}, role), shapes.RECEIPT, 201)
        assert (old["received_at"], old["due_explanation"][-1]["date"]) == ("2001-03-05T09:00:00Z", "2001-03-27")

    @pytest.mark.parametrize("role", sorted(set(ROLES) - {"operator", "channel", "partner", "telephony", "service"}))
    def test_everybody_else_registers_for_themselves(self, send, role):
        assert send(APPEALS, WEB, role).status_code == 201
        assert send(APPEALS, WEB | {"channel": "APP"}, role).status_code == 201
        assert is_problem(send(APPEALS, WEB | {"channel": "CALL_1414"}, role), 403, "channel-not-allowed")
        assert is_problem(send(APPEALS, WEB | {"received_at": "2025-02-03T09:15:00Z"}, role), 422, "invalid-input", "received_at")

    @pytest.mark.parametrize("role", ["telephony", "service"])
    def test_a_machine_with_calls_of_its_own_registers_nothing(self, send, role):
        assert is_problem(send(APPEALS, WEB, role), 403, "forbidden")

    def test_without_a_token_any_channel_but_web_is_forbidden(self, send):
        assert send(APPEALS, WEB | {"channel": "WEB"}).status_code == 201
        assert send(APPEALS, WEB | {"channel": "APP"}).status_code == 403
        assert send(APPEALS, WEB | {"channel": "CALL_1414"}).status_code == 403

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"category": None, "topic": "PAY_METHODS"}, "topic"),
            ({"kind": "CONSULTATION"}, "category"),
            ({"kind": None, "topic": "PAY_METHODS"}, "topic"),
            ({"kind": "NONE"}, "kind"),
            ({"category": "NONE"}, "category"),
            ({"statutory_form": "NONE"}, "statutory_form"),
            ({"region": "KZ-99"}, "region"),
            ({"region": None}, "region"),
            ({"applicant": None}, "applicant"),
            ({"text": None}, "text"),
            ({"text": "я" * 20_001}, "text"),
            ({"language": "xx"}, "language"),
            ({"channel": "NONE"}, "channel"),
            ({"consents": ["NONE"]}, "consents.0"),
            ({"provider": {"provider_id": NOBODY}}, "provider.provider_id"),
            ({"provider": {"bin": "1"}}, "provider.bin"),
            ({"applicant": {"iin": "991231501015"}}, "applicant.iin"),
            ({"applicant": {"phone": "12"}}, "applicant.phone"),
            ({"applicant": {"email": "x"}}, "applicant.email"),
            ({"applicant": {"age": 1}}, "applicant.age"),
            ({"colour": "red"}, "colour"),
            *[({"received_at": time}, "received_at") for time in ("1999-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "2025-02-03", 0)],
        ],
    )
    def test_a_wrong_field_is_named_and_never_repeated(self, send, change, field):
        answer = send(APPEALS, APPEAL | change, "channel")
        assert is_problem(answer, 422, "invalid-input", field)
        assert "NONE" not in answer.text
        assert "991231501015" not in answer.text

    def test_a_kind_may_be_left_out_with_either_of_the_two(self, send):
        assert send(APPEALS, WEB | {"category": "QUALITY"}).status_code == 201
        assert send(APPEALS, WEB | {"topic": "PAY_METHODS"}).status_code == 201

    def test_the_longest_text_is_taken(self, send):
        assert send(APPEALS, WEB | {"text": "я" * 20_000}).status_code == 201


class TestMalformedBodies:
    @pytest.mark.parametrize(
        "content",
        [
            '{"region": NaN}',
            '{"region": -Infinity}',
            '{"text": "\\ud800"}',
            b'{"text": "\xff"}',
            b'{"text": "\xed\xa0\x80"}',
            '{"text": "a\\u0000b"}',
            '{"text"',
            "",
            "[" * 20_000,
        ],
    )
    @pytest.mark.parametrize(("path", "role"), [(APPEALS, None), ("/routing/v1/classifications", "operator")])
    def test_what_is_no_json_in_valid_unicode_is_400(self, raw, path, role, content):
        answer = raw(path, content, role=role)
        assert is_problem(answer, 400, answer.json()["code"])
        assert answer.json()["code"] in {"malformed-json", "malformed-text"}

    def test_another_media_type_is_not_guessed_at(self, raw):
        assert is_problem(raw(APPEALS, json.dumps(WEB), "text/plain"), 415, "unsupported-media-type")


class TestIdempotency:
    @pytest.mark.parametrize("role", [None, "channel"])
    def test_the_same_request_again_gives_the_same_answer(self, send, role):
        key = {"Idempotency-Key": str(uuid4())}
        first, again = (send(APPEALS, body, role, headers=key) for body in (WEB, dict(reversed(WEB.items()))))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_another_body_under_the_same_key_is_refused(self, send):
        key = {"Idempotency-Key": str(uuid4())}
        assert send(APPEALS, WEB, headers=key).status_code == 201
        assert is_problem(send(APPEALS, WEB | {"text": "Другое"}, headers=key), 422, "idempotency-key-reused")

    def test_a_key_is_its_senders_own_and_a_refusal_does_not_use_it_up(self, send):
        key = {"Idempotency-Key": str(uuid4())}
        assert send(APPEALS, WEB | {"region": "x"}, headers=key).status_code == 422
        numbers = {send(APPEALS, WEB, role, headers=key).json()["number"] for role in (None, "channel", "partner")}
        assert len(numbers) == 3

    def test_a_key_without_form_is_named(self, send):
        assert is_problem(send(APPEALS, WEB, headers={"Idempotency-Key": "x" * 300}), 422, "invalid-input", "idempotency-key")


@pytest.fixture(scope="module")
def receipt(send):
    return send(APPEALS, WEB).json()


class TestTracking:
    def test_number_and_pin_show_the_way_of_the_appeal(self, people, receipt, eventually):
        def tracked():
            return has(people.get(f"{APPEALS}/{receipt['number']}", headers={"Appeal-Pin": receipt["pin"]}), shapes.TRACKED)

        shown = eventually(lambda: (found := tracked())["tier"] and found)
        assert (shown["tier"], shown["holder"], shown["answer"]) == (1, "FUND_TIER1", None)
        assert (shown["number"], shown["registered_at"]) == (receipt["number"], receipt["registered_at"])

    def test_a_wrong_number_and_a_wrong_pin_get_the_same_answer(self, people, receipt):
        wrong = f"{(int(receipt['pin']) + 1) % 10**8:08d}"
        tries = [(receipt["number"], wrong), ("2026-43-9999999-9", receipt["pin"]), ("zzz", receipt["pin"]), (receipt["number"], "x")]
        answers = [people.get(f"{APPEALS}/{number}", headers={"Appeal-Pin": pin}) for number, pin in tries]
        answers.append(people.get(f"{APPEALS}/{receipt['number']}"))
        assert all(is_problem(each, 404, "not-found") for each in answers)
        assert len({each.content for each in answers}) == 1


class TestContents:
    def test_a_service_reads_words_by_id(self, send):
        receipt = send(APPEALS, WEB).json()
        asked = {"ids": [receipt["appeal_id"], NOBODY], "purpose": "classification", "on_behalf_of": "somebody"}
        known, unknown = has(send("/intake/internal/v1/contents", asked, "service", subject="routing"), shapes.CONTENTS)["items"]
        assert (known["found"], known["content"]["text"]) == (True, WEB["text"])
        assert unknown["found"] is False

    def test_the_token_of_the_command_line_reads_for_every_purpose(self, send):
        purposes = [("intake", "desk"), ("intake", "provider-matching"), ("routing", "tracking"), ("provider-contact", "desk")]
        for service, purpose in purposes:
            asked = {"ids": [NOBODY], "purpose": purpose, "on_behalf_of": "somebody"}
            has(send(f"/{service}/internal/v1/contents", asked, "service"), shapes.CONTENTS)

    @pytest.mark.parametrize(
        ("service", "purpose", "reader"),
        [("routing", "tracking", "intake"), ("provider-contact", "desk", "routing")],
    )
    def test_answers_and_responses_are_read_the_same_way(self, send, service, purpose, reader):
        asked = {"ids": [NOBODY], "purpose": purpose, "on_behalf_of": "somebody"}
        [item] = has(send(f"/{service}/internal/v1/contents", asked, "service", subject=reader), shapes.CONTENTS)["items"]
        assert (item["id"], item["found"]) == (NOBODY, False)
        assert is_problem(
            send(f"/{service}/internal/v1/contents", asked | {"why": 1}, "service", subject=reader), 422, "invalid-input", "why"
        )


class TestImportingARegister:
    def sent(self, raw, *rows):
        lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        return has(raw("/intake/v1/imports", b"\n".join(lines), NDJSON, "admin"), shapes.IMPORTED)

    def test_lines_are_taken_once(self, raw):
        new, bare = ROW | {"legacy_number": "s/2"}, without(ROW, "category", "topic", "provider_bin", "text")
        said = self.sent(raw, new, bare)
        assert (said["received"], said["imported"], said["rejected"]) == (2, 2, [])
        again = self.sent(raw, new)
        assert (again["imported"], again["unchanged"]) == (0, 1)

    def test_each_refused_line_has_one_entry_with_its_first_error(self, raw):
        required = ("channel", "language", "kind", "region", "received_at", "outcome", "legacy_number")
        bad = [without(ROW, name) for name in required]
        bad += [ROW | {"legacy_number": "s/9", "closed_at": None}, ROW | {"colour": 1, "age": 2}]
        bad += [b"{nope", b'{"text": "\xff"}']
        said = self.sent(raw, *bad, ROW | {"legacy_number": "s/3"})
        assert (said["received"], said["imported"]) == (12, 1)
        assert [each["line"] for each in said["rejected"]] == list(range(1, 12))
        assert [each["field"] for each in said["rejected"][:8]] == [*required, "closed_at"]
        assert [each["code"] for each in said["rejected"][7:]] == ["open-legacy-row", "unknown-field", "malformed-json", "malformed-text"]

    def test_a_changed_line_of_a_known_number_is_refused(self, raw):
        row = ROW | {"legacy_number": "s/4"}
        assert self.sent(raw, row)["imported"] == 1
        [refused] = self.sent(raw, row | {"outcome": "UNJUSTIFIED"})["rejected"]
        assert (refused["line"], refused["code"]) == (1, "legacy-number-changed")

    def test_csv_has_the_same_names_as_its_header(self, raw):
        rows = [ROW | {"legacy_number": "s/5"}, ROW | {"legacy_number": "s/6", "region": "KZ-99"}]
        lines = [",".join(ROW)] + [",".join(value or "" for value in row.values()) for row in rows]
        said = has(raw("/intake/v1/imports", "\n".join(lines), "text/csv", "admin"), shapes.IMPORTED)
        assert (said["received"], said["imported"]) == (2, 1)
        assert [(each["line"], each["field"]) for each in said["rejected"]] == [(3, "region")]
