"""The feed of updates of the appeals that a partner may follow."""

import asyncio
from uuid import UUID, uuid4

from intake.channels.partner import jobs, repository
from intake.channels.partner.models import UpdateEntry
from intake.register.models import Appeal
from shared.contracts import CaseForwarded, CommitmentAnswered, DangerPassedOn, DangerReported, MessageAdded, ProposalAnswered
from tests.intake.register.test_handlers import apply, received, routed


async def items(partner, **params):
    answer = await partner.get("/updates", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestFeed:
    async def test_a_partner_reads_what_happened_to_its_appeals_in_order(self, partner):
        filed = await partner.file(external_number="ЖТ-2026-00912")
        await partner.live(filed, "routed", "raised", "answered", "closed")
        page = await items(partner)
        assert [one["type"] for one in page["items"]] == ["appeal-routed", "tier-raised", "answer-given", "case-closed"]
        assert [one["status"] for one in page["items"]] == ["IN_REVIEW", "IN_REVIEW", "ANSWERED", "CLOSED"]
        assert {one["external_number"] for one in page["items"]} == {"ЖТ-2026-00912"}
        assert {one["number"] for one in page["items"]} == {filed["number"]}
        assert page["total"] == 4

    async def test_a_cursor_continues_after_the_last_update_read(self, partner):
        first, second = await partner.file(), await partner.file()
        await partner.live(first, "routed", "answered")
        await partner.live(second, "routed")
        seen, cursor = [], None
        for _ in range(3):
            page = await items(partner, limit=1, **({"cursor": cursor} if cursor else {}))
            seen += [(one["number"], one["type"]) for one in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [(first["number"], "appeal-routed"), (first["number"], "answer-given"), (second["number"], "appeal-routed")]
        after = await items(partner, cursor=cursor)
        assert (after["items"], after["total"], after["next_cursor"]) == ([], 0, cursor)
        await partner.live(second, "closed")
        assert [one["type"] for one in (await items(partner, cursor=cursor))["items"]] == ["case-closed"]

    async def test_a_backlog_is_counted_once_and_every_total_is_right(self, partner, monkeypatch):
        filed, counted = await partner.file(), []

        async def count(session, readable, after, real=repository.count_updates):
            counted.append(after)
            return await real(session, readable, after)

        monkeypatch.setattr(repository, "count_updates", count)
        await partner.live(filed, "routed", "raised", "answered", "closed")
        totals, page = [], await items(partner, limit=1)
        for _ in range(3):
            totals.append(page["total"])
            page = await items(partner, limit=1, cursor=page["next_cursor"])
        another = await partner.file()
        await partner.live(another, "routed", "answered")
        page = await items(partner, limit=1, cursor=page["next_cursor"])
        assert (totals, page["total"]) == ([4, 3, 2], 2)
        assert counted == [0, 4, 4, 4, 4]
        by_entry = await items(partner, limit=1, cursor=page["items"][0]["cursor"])
        assert (by_entry["total"], by_entry["items"][0]["type"]) == (1, "answer-given")

    async def test_nobody_reads_the_updates_of_others(self, partner, another):
        await partner.live(await partner.file(), "routed")
        assert (await items(another("other-department")))["items"] == []
        for role in ("applicant", "operator", "channel", "admin", "analyst"):
            assert (await another("someone", role).get("/updates")).status_code == 403
        assert (await partner.desk.client.get("/intake/v1/updates")).status_code == 401

    async def test_the_backend_of_the_app_reads_what_is_filed_under_its_channel(self, partner, another):
        citizen, backend = another("citizen-1", "applicant"), another("app", "channel")
        filed = await citizen.file(channel="APP")
        await citizen.live(filed, "routed")
        await partner.live(await partner.file(), "routed")
        assert [one["number"] for one in (await items(backend))["items"]] == [filed["number"]]

    async def test_a_bad_cursor_is_named(self, partner):
        for cursor in ("x", "WyJhIl0", "é"):
            answer = await partner.get("/updates", cursor=cursor)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "bad-cursor")

    async def test_an_appeal_that_nobody_follows_leaves_no_entry(self, trial):
        filed = (await trial.file()).json()
        await apply(trial, routed(UUID(filed["appeal_id"])))
        assert await trial.rows(UpdateEntry) == []

    async def test_an_action_of_the_applicant_is_recorded_from_the_log(self, partner):
        filed = await partner.file()
        await apply(partner.desk, MessageAdded(appeal_id=UUID(filed["appeal_id"]), message_id=uuid4(), attachments=0))
        await jobs.assign_positions(partner.desk.parts)
        assert [one["type"] for one in (await items(partner))["items"]] == ["message-added"]

    async def test_what_the_applicant_says_of_a_proposal_and_of_a_promise_is_in_the_feed_of_who_filed_it(self, partner, another):
        filed, citizen, backend = await partner.file(), another("citizen-1", "applicant"), another("app", "channel")
        of_app = await citizen.file(channel="APP")
        for appeal in (filed, of_app):
            appeal_id = UUID(appeal["appeal_id"])
            await apply(partner.desk, ProposalAnswered(appeal_id=appeal_id, proposal_id=uuid4(), confirmed=False, method="CHAT"))
            await apply(partner.desk, CommitmentAnswered(appeal_id=appeal_id, commitment_id=uuid4(), fulfilled=True, method="SMS"))
        await jobs.assign_positions(partner.desk.parts)
        for reader, number in ((partner, filed["number"]), (backend, of_app["number"])):
            read = [(entry["number"], entry["type"]) for entry in (await items(reader))["items"]]
            assert read == [(number, "proposal-answered"), (number, "commitment-answered")]

    async def test_an_event_applied_twice_is_listed_once(self, partner):
        filed = await partner.file()
        batch = [received(routed(UUID(filed["appeal_id"])), partner.desk.clock.now())]
        for _ in range(2):
            await apply(partner.desk, batch=batch)
        await jobs.assign_positions(partner.desk.parts)
        assert len((await items(partner))["items"]) == 1


class TestNumbering:
    async def test_processes_that_assign_positions_concurrently_leave_no_gap_and_no_duplicate(self, partner):
        appeals = [await partner.file() for _ in range(6)]
        for filed in appeals:
            await apply(partner.desk, routed(UUID(filed["appeal_id"])))
        await asyncio.gather(*(jobs.assign_positions(partner.desk.parts) for _ in range(4)))
        rows = await partner.desk.rows(UpdateEntry)
        assert sorted(row.position for row in rows) == list(range(1, 7))

    async def test_a_row_that_commits_late_gets_a_position_after_those_already_read(self, partner):
        first, second = await partner.file(), await partner.file()
        late, soon = (received(routed(UUID(one["appeal_id"])), partner.desk.clock.now()) for one in (first, second))
        await apply(partner.desk, batch=[soon])
        await jobs.assign_positions(partner.desk.parts)
        cursor = (await items(partner))["next_cursor"]
        await apply(partner.desk, batch=[late])
        assert (await items(partner, cursor=cursor))["items"] == []
        await jobs.assign_positions(partner.desk.parts)
        assert [one["number"] for one in (await items(partner, cursor=cursor))["items"]] == [first["number"]]


class TestForwarding:
    async def test_the_body_it_is_forwarded_to_finds_it_in_its_feed_and_reads_all_of_it(self, partner, trial):
        filed = (await trial.file()).json()
        await apply(trial, CaseForwarded(appeal_id=UUID(filed["appeal_id"]), body="HEALTH_DEPARTMENT", actor_role="specialist"))
        await jobs.assign_positions(trial.parts)
        [entry] = (await items(partner))["items"]
        assert (entry["type"], entry["status"], entry["number"]) == ("case-forwarded", "FORWARDED", filed["number"])
        whole = (await partner.get(f"/forwardings/{filed['appeal_id']}")).json()
        assert whole["text"].startswith("Жүрек")
        assert whole["applicant"]["iin"] == "991231501014"

    async def test_the_body_that_a_danger_is_passed_on_to_finds_it_in_its_feed_and_reads_no_content(self, partner, another, trial):
        filed = (await trial.file()).json()
        await apply(trial, DangerPassedOn(appeal_id=UUID(filed["appeal_id"]), body="HEALTH_DEPARTMENT_DUTY", actor_role="specialist"))
        await jobs.assign_positions(trial.parts)
        [entry] = (await items(partner))["items"]
        assert (entry["type"], entry["number"]) == ("danger-passed-on", filed["number"])
        assert (await items(another("other-department")))["items"] == []
        assert (await partner.get(f"/forwardings/{filed['appeal_id']}")).status_code == 404

    async def test_a_danger_is_listed_for_its_body_once_it_is_passed_on_and_for_its_owner_at_once(self, partner, trial):
        listed = {"danger-reported": [], "danger-passed-on": []}
        anothers, own = (await trial.file()).json(), await partner.file()
        for one in (anothers, own):
            danger = {"appeal_id": UUID(one["appeal_id"]), "body": "HEALTH_DEPARTMENT_DUTY"}
            for event in (
                DangerReported(**danger, ground="DANGER", due_at=trial.clock.now()),
                DangerPassedOn(**danger, actor_role="specialist"),
            ):
                batch = await apply(trial, event)
                await apply(trial, batch=batch)
        await jobs.assign_positions(trial.parts)
        for entry in (await items(partner))["items"]:
            listed[entry["type"]].append(entry["number"])
        assert listed == {"danger-reported": [own["number"]], "danger-passed-on": [anothers["number"], own["number"]]}

    async def test_nobody_else_reads_it_or_learns_that_it_exists(self, partner, another, trial):
        filed = (await trial.file()).json()
        await apply(trial, CaseForwarded(appeal_id=UUID(filed["appeal_id"]), body="POLICE", actor_role="specialist"))
        await jobs.assign_positions(trial.parts)
        for reader in (partner, another("other-department")):
            there, nowhere = [await reader.get(f"/forwardings/{one}") for one in (filed["appeal_id"], uuid4())]
            assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
            assert there.status_code == 404

    async def test_an_owner_is_stored_only_as_a_keyed_hash(self, partner):
        await partner.file(external_number="ЖТ-1")
        [row] = await partner.desk.rows(Appeal)
        assert len(row.owner) == 32
        stored = await partner.desk.engine.stored(partner.desk.parts.database)
        assert "ЖТ-1".encode() not in stored
        assert b"health-department" not in stored
