"""One action on many cases."""

import json
from uuid import UUID, uuid4

import pytest

from routing.cases.schemas.bulk import BULK_LIMIT, BulkCommand
from routing.cases.service import bulk
from routing.cases.service.actions import carry_out
from shared.auth import Principal
from tests.routing.support import registered

COMPLAINT = {"kind": "COMPLAINT", "category": "WAITING", "has_text": False}


def supervisor(desk, region="KZ-43", subject="saule", **claims):
    return desk.token("supervisor", region=region, subject=subject, **claims)


def clerk(desk, subject="aigul", region="KZ-43"):
    return desk.token("specialist", region=region, subject=subject, name="Сынақ Айгүл")


async def opened(desk, number, **given):
    """Open cases, and return what a bulk names: ids with the versions as they are now."""
    events = [registered(**(COMPLAINT | given)) for _ in range(number)]
    await desk.apply(*events)
    return [{"appeal_id": str(event.appeal_id), "expected_version": 1} for event in events]


async def send(desk, who, action, cases, *, key=None, **fields):
    headers = who | ({"Idempotency-Key": key} if key else {})
    return await desk.client.post("/routing/v1/bulk", headers=headers, json={"action": action, "fields": fields, "cases": cases})


def ids(cases):
    return [case["appeal_id"] for case in cases]


class TestBulk:
    async def test_of_fifty_cases_one_of_which_was_overtaken_49_are_done_and_one_is_explained(self, desk):
        chosen = await opened(desk, 50)
        await desk.get("/cases", clerk(desk))
        overtaken = chosen[20]["appeal_id"]
        assert (await desk.carry_out(overtaken, "claim", clerk(desk, "daulet"))).status_code == 200
        answer = await send(desk, supervisor(desk), "assign", chosen, assignee="aigul")
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "done": [key for key in ids(chosen) if key != overtaken],
            "refused": [{"appeal_id": overtaken, "code": "version-conflict"}],
        }
        assignees = {case["appeal_id"]: case["assignee"] for case in (await desk.get("/cases", supervisor(desk))).json()["items"]}
        assert assignees == dict.fromkeys(ids(chosen), "aigul") | {overtaken: "daulet"}

    async def test_each_changed_case_has_its_event_and_its_history(self, desk):
        chosen = await opened(desk, 3)
        before = len(await desk.emitted())
        await send(desk, clerk(desk), "claim", chosen)
        assert [name for name, _ in (await desk.emitted())[before:]] == ["case-claimed"] * 3
        for key in ids(chosen):
            case = await desk.case(key)
            assert (case["version"], case["history"][-1]["type"]) == (2, "case-claimed")

    async def test_cases_are_classified_and_answered_ones_closed(self, desk):
        gratitude = {"kind": "GRATITUDE", "category": None}
        chosen = await opened(desk, 2, **gratitude)
        answer = {"language": "kk", "text": "Рахмет!", "findings": [], "next_steps": "Жоқ.", "how_to_complain": "1414"}
        for key in ids(chosen):
            assert (await desk.carry_out(key, "answer", clerk(desk), **answer)).status_code == 200
        unanswered = await opened(desk, 1, **gratitude)
        answered = [each | {"expected_version": 2} for each in chosen]
        closed = (await send(desk, clerk(desk), "close", answered + unanswered, outcome="NOTED")).json()
        assert closed == {"done": ids(chosen), "refused": [{"appeal_id": ids(unanswered)[0], "code": "action-not-possible"}]}
        classified = (await send(desk, clerk(desk), "classify", unanswered, kind="COMPLAINT", category="EXTORTION")).json()
        assert classified["done"] == ids(unanswered)
        assert (await desk.case(ids(unanswered)[0]))["category"] == "EXTORTION"

    async def test_a_case_that_is_not_visible_is_refused_as_one_that_does_not_exist(self, desk):
        elsewhere, unknown = await opened(desk, 1, region="KZ-75"), {"appeal_id": str(uuid4()), "expected_version": 1}
        refused = (await send(desk, clerk(desk), "claim", [*elsewhere, unknown])).json()["refused"]
        assert [each["code"] for each in refused] == ["not-found", "not-found"]
        assert (await desk.case(ids(elsewhere)[0]))["version"] == 1

    async def test_an_assignee_who_does_not_see_a_case_gets_the_others(self, desk):
        await desk.get("/cases", clerk(desk, "almaty", "KZ-75"))
        here, there = await opened(desk, 1), await opened(desk, 1, region="KZ-75")
        head = desk.token("operator", subject="all") | {}
        assert (await send(desk, head, "assign", here, assignee="almaty")).status_code == 403
        found = (await send(desk, supervisor(desk, "KZ-75"), "assign", here + there, assignee="almaty")).json()
        assert (found["done"], found["refused"][0]["code"]) == (ids(there), "not-found")
        unknown = (await send(desk, supervisor(desk), "assign", here, assignee="almaty")).json()
        assert unknown == {"done": [], "refused": [{"appeal_id": ids(here)[0], "code": "unknown-assignee"}]}

    @pytest.mark.parametrize("position", [0, 1])
    async def test_an_unexpected_error_is_raised_or_once_a_case_is_done_ends_with_what_was_done(self, desk, monkeypatch, position):
        chosen = await opened(desk, 3)
        broken = UUID(ids(chosen)[position])

        async def fail_at_one(work, principal, case, command):
            if case.appeal_id == broken:
                raise OSError
            return await carry_out(work, principal, case, command)

        monkeypatch.setattr(bulk, "carry_out", fail_at_one)
        who = Principal(subject="aigul", issuer="", roles=frozenset({"specialist"}), region="KZ-43")
        command = BulkCommand.model_validate_json(json.dumps({"action": "claim", "cases": chosen}))
        if position == 0:
            with pytest.raises(OSError):
                await bulk.carry_out_each(desk.parts.units, who, command)
        else:
            result = (await bulk.carry_out_each(desk.parts.units, who, command)).model_dump(mode="json")
            rest = [{"appeal_id": key, "code": "unavailable"} for key in ids(chosen)[1:]]
            assert result == {"done": ids(chosen)[:1], "refused": rest}
        assert [(await desk.case(key))["version"] for key in ids(chosen)] == [1 + position, 1, 1]

    async def test_a_repeat_under_its_key_gets_the_first_answer_and_changes_nothing(self, desk):
        chosen, key = await opened(desk, 2), str(uuid4())
        first = await send(desk, clerk(desk), "claim", chosen, key=key)
        again = await send(desk, clerk(desk), "claim", chosen, key=key)
        assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
        other = await send(desk, clerk(desk), "claim", chosen[:1], key=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert (await desk.case(ids(chosen)[0]))["version"] == 2

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"cases": []}, "cases", "too-few"),
            ({"action": "answer"}, "action", "unknown-code"),
            ({"fields": {"assignee": "aigul"}}, "fields.assignee", "unknown-field"),
            ({"fields": {"colour": "red"}}, "fields.colour", "unknown-field"),
            ({"action": "close"}, "fields.outcome", "required"),
            ({"action": "classify", "fields": {"kind": "COMPLAINT", "topic": "PAY_RATES"}}, "fields.topic", "not-for-this-kind"),
        ],
    )
    async def test_what_no_case_could_be_done_with_is_refused_as_a_whole(self, desk, change, field, code):
        chosen = await opened(desk, 1)
        sent = {"action": "claim", "fields": {}, "cases": chosen} | change
        answer = await desk.client.post("/routing/v1/bulk", headers=clerk(desk), json=sent)
        assert (answer.status_code, [(each["field"], each["code"]) for each in answer.json()["errors"]]) == (422, [(field, code)])

    async def test_each_case_is_named_once_and_at_most_a_hundred(self, desk):
        entry = {"appeal_id": str(uuid4()), "expected_version": 1}
        twice = await send(desk, clerk(desk), "claim", [entry, entry])
        assert (twice.status_code, twice.json()["errors"][0]["code"]) == (422, "duplicate-case")
        many = [{"appeal_id": str(uuid4()), "expected_version": 1} for _ in range(BULK_LIMIT + 1)]
        assert (await send(desk, clerk(desk), "claim", many)).json()["errors"][0]["code"] == "too-many"
        assert len((await send(desk, clerk(desk), "claim", many[:-1])).json()["refused"]) == BULK_LIMIT

    async def test_a_role_that_never_carries_out_the_action_is_refused(self, desk):
        chosen = await opened(desk, 1)
        assert (await send(desk, clerk(desk), "assign", chosen, assignee="aigul")).status_code == 403
        assert (await send(desk, desk.token("admin"), "claim", chosen)).status_code == 403
