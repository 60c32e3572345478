import asyncio

import pytest
from sqlalchemy import select

from routing.cases.models import AppealCase
from tests.routing.cases.service.test_actions import GOOD
from tests.routing.cases.test_issues import error, published
from tests.routing.support import imported


@pytest.fixture
def clerk(desk):
    return desk.token("specialist", region="KZ-43", subject="aigul")


async def number(desk, appeal_id):
    return (await desk.case(appeal_id))["number"]


async def link(desk, clerk, appeal_id, main):
    return await desk.carry_out(appeal_id, "link-duplicate", clerk, of_number=await number(desk, main))


def types(case):
    return [(link["appeal_id"], link["type"], link["is_main"]) for link in case["links"]]


class TestLinkDuplicate:
    async def test_both_cases_show_the_link_and_nothing_is_published(self, desk, clerk):
        first, second = await desk.open(), await desk.open()
        before = len(await published(desk))
        linked = (await link(desk, clerk, second, first)).json()
        assert types(linked) == [(str(first), "DUPLICATE", True)]
        main = await desk.case(first)
        assert types(main) == [(str(second), "DUPLICATE", False)]
        assert ([case["history"][-1]["type"] for case in (linked, main)], main["version"]) == (["duplicate-linked", "duplicate-joined"], 1)
        assert len(await published(desk)) == before

    @pytest.mark.parametrize("pasted", ["№ {}", "{}", " {} ", "no dashes"])
    async def test_the_number_is_taken_as_it_is_pasted(self, desk, clerk, pasted):
        first, second = await desk.open(), await desk.open()
        written = await number(desk, first)
        typed = written.replace("-", "") if pasted == "no dashes" else pasted.format(written)
        assert (await desk.carry_out(second, "link-duplicate", clerk, of_number=typed)).status_code == 200

    async def test_the_duplicate_keeps_its_clock_and_is_answered(self, desk, clerk):
        first, second = await desk.open(), await desk.open()
        linked = (await link(desk, clerk, second, first)).json()
        assert [clock["state"] for clock in linked["clocks"]] == ["RUNNING"]
        await desk.carry_out(second, "answer", clerk, **GOOD)
        closed = (await desk.carry_out(second, "close", clerk, outcome="DUPLICATE")).json()
        assert (closed["status"], closed["outcome"], closed["next_actions"]) == ("CLOSED", "DUPLICATE", [])

    @pytest.mark.parametrize("action", ["close", "answer-and-close"])
    async def test_only_a_linked_case_is_closed_as_a_duplicate(self, desk, clerk, action):
        appeal_id = await desk.open()
        if action == "close":
            await desk.carry_out(appeal_id, "answer", clerk, **GOOD)
        fields = GOOD if action == "answer-and-close" else {}
        assert error(await desk.carry_out(appeal_id, action, clerk, **fields, outcome="DUPLICATE")) == (422, [("outcome", "not-linked")])

    async def test_only_a_linked_case_is_answered_as_a_duplicate(self, desk, clerk):
        first, second = await desk.open(), await desk.open()
        findings = [GOOD["findings"][0] | {"outcome": "DUPLICATE"}]
        finding = {name: findings[0][name] for name in ("outcome", "fact", "rule")}
        issue_id = (await desk.case(second))["issues"][0]["issue_id"]
        refused = await desk.carry_out(second, "answer", clerk, **(GOOD | {"findings": findings}))
        assert error(refused) == (422, [("findings.0.outcome", "not-linked")])
        refused = await desk.carry_out(second, "set-finding", clerk, issue_id=issue_id, **finding, refusal=None)
        assert error(refused) == (422, [("outcome", "not-linked")])
        await link(desk, clerk, second, first)
        assert (await desk.carry_out(second, "set-finding", clerk, issue_id=issue_id, **finding, refusal=None)).status_code == 200
        answered = (await desk.carry_out(second, "answer", clerk, **(GOOD | {"findings": []}))).json()
        assert answered["status"] == "ANSWERED"
        assert "unlink" not in {action["action"] for action in answered["next_actions"]}, "the applicant may confirm it as a duplicate"

    async def test_a_number_out_of_sight_is_answered_like_one_that_does_not_exist(self, desk, clerk):
        appeal_id, elsewhere = await desk.open(), await desk.open(region="KZ-75")
        answers = [
            await desk.carry_out(appeal_id, "link-duplicate", clerk, of_number=typed)
            for typed in (await number(desk, elsewhere), "2026-43-9999999-0", "drop table", "1" * 40)
        ]
        assert error(answers[0]) == (422, [("of_number", "unknown-number")])
        assert len({(answer.status_code, answer.text) for answer in answers}) == 1
        assert (await link(desk, desk.token("operator"), appeal_id, elsewhere)).status_code == 200

    async def test_the_link_is_shown_to_those_alone_who_see_the_other_case(self, desk, clerk):
        appeal_id, elsewhere = await desk.open(), await desk.open(region="KZ-75")
        await link(desk, desk.token("operator"), appeal_id, elsewhere)
        assert (await desk.case(appeal_id, clerk))["links"] == []
        assert str(elsewhere) not in (await desk.get(f"/cases/{appeal_id}", clerk)).text

    async def test_neither_itself_nor_a_chain_nor_a_cycle(self, desk, clerk):
        first, second, third = [await desk.open() for _ in range(3)]
        assert error(await link(desk, clerk, first, first)) == (422, [("of_number", "same-case")])
        await link(desk, clerk, second, first)
        assert error(await link(desk, clerk, third, second)) == (422, [("of_number", "is-duplicate")])
        assert error(await link(desk, clerk, first, second)) == (422, [("of_number", "is-duplicate")])
        assert error(await link(desk, clerk, first, third)) == (422, [("of_number", "has-duplicates")])
        assert (await link(desk, clerk, second, third)).json()["code"] == "action-not-possible"

    async def test_of_two_clerks_who_link_crosswise_one_succeeds(self, desk, clerk):
        for _ in range(5):
            pair = [await desk.open(), await desk.open()]
            bodies = [{"expected_version": 1, "of_number": await number(desk, other)} for other in reversed(pair)]
            answers = await asyncio.gather(
                *(
                    desk.client.post(f"/routing/v1/cases/{appeal_id}/actions/link-duplicate", headers=clerk, json=body)
                    for appeal_id, body in zip(pair, bodies, strict=True)
                )
            )
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses == [200, 422], [answer.text for answer in answers]
            cases = [await desk.case(appeal_id) for appeal_id in pair]
            assert sorted(is_main for case in cases for _, _, is_main in types(case)) == [False, True]

    @pytest.mark.parametrize("engine", ["postgres"], indirect=True)
    async def test_a_case_that_is_being_changed_is_not_waited_for_but_named(self, desk, clerk):
        first, second = sorted([await desk.open(), await desk.open()])
        of_number = await number(desk, first)
        async with desk.parts.database.engine.connect() as other:
            await other.execute(select(AppealCase).where(AppealCase.appeal_id == first).with_for_update())
            assert error(await desk.carry_out(second, "link-duplicate", clerk, of_number=of_number)) == (422, [("of_number", "try-again")])
        assert (await desk.carry_out(second, "link-duplicate", clerk, of_number=of_number)).status_code == 200

    async def test_it_may_repeat_a_finished_case(self, desk, clerk):
        done = imported()
        await desk.apply(done)
        assert types((await link(desk, clerk, await desk.open(), done.appeal_id)).json()) == [(str(done.appeal_id), "DUPLICATE", True)]


class TestUnlink:
    async def test_the_link_is_gone_on_both_sides(self, desk, clerk):
        first, second = await desk.open(), await desk.open()
        linked = (await link(desk, clerk, second, first)).json()
        assert "link-duplicate" not in {action["action"] for action in linked["next_actions"]}
        gone = (await desk.carry_out(second, "unlink", clerk)).json()
        assert (gone["links"], (await desk.case(first))["links"]) == ([], [])
        assert "unlink" not in {action["action"] for action in gone["next_actions"]}
        assert (await link(desk, clerk, first, second)).status_code == 200


class TestFollows:
    async def test_the_appeal_that_is_continued_is_a_link(self, desk, clerk):
        first = await desk.open()
        second = await desk.open(follows=first)
        assert types(await desk.case(second)) == [(str(first), "FOLLOWS", False)]
        linked = (await link(desk, clerk, second, first)).json()
        assert types(linked) == [(str(first), "DUPLICATE", True), (str(first), "FOLLOWS", False)]
        gone = (await desk.carry_out(second, "unlink", clerk)).json()
        assert types(gone) == [(str(first), "FOLLOWS", False)]
