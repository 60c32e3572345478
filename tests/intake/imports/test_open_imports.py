import json
from uuid import UUID

import pytest

from intake.imports.models import TakenOver
from intake.notifications.models import Notification
from intake.register.models import Appeal, ConfirmedContact, Timeline, Tracking
from shared.contracts import ImportUndone, ImportUndoRefused
from shared.messaging.tables import outbox
from tests.intake.imports.open_rows import open_row
from tests.intake.register.test_handlers import apply

NDJSON = {"Content-Type": "application/x-ndjson"}


async def take_over(desk, rows, **query):
    raw = "\n".join(json.dumps(each) for each in rows).encode()
    headers = desk.token("admin") | NDJSON
    return await desk.client.post("/intake/v1/imports/open", content=raw, headers=headers, params=query)


async def events(desk, fact):
    async with desk.parts.database.read() as session:
        stored = (await session.execute(outbox.select().order_by(outbox.c.id))).all()
    return [json.loads(row.value) for row in stored if row.type == f"kz.aryz.intake.{fact}.v1"]


async def undo(desk, import_id):
    return await desk.client.post(f"/intake/v1/imports/{import_id}/actions/undo", json={}, headers=desk.token("admin"))


class TestOpenAppeals:
    async def test_one_goes_on_with_the_term_of_its_register(self, desk):
        report = (await take_over(desk, [open_row(due_on="2026-02-06", extended_until="2026-03-06")])).json()
        assert (report["received"], report["imported"], report["rejected"]) == (1, 1, [])
        (appeal,), (tracking,), (line,) = await desk.rows(Appeal), await desk.rows(Tracking), await desk.rows(Timeline)
        assert appeal.number.startswith("2026-43-")
        assert (tracking.status, tracking.due_at.isoformat()) == ("REGISTERED", "2026-03-06T18:59:59+00:00")
        assert line.type == "term-extended"
        (event,) = await events(desk, "appeal-registered")
        assert (event["taken_over"], event["extended_until"], event["asks_provider"]) == (True, "2026-03-06", False)
        assert (event["received_at"], event["due_at"]) == ("2026-01-19T05:00:00Z", "2026-03-06T18:59:59Z")
        assert event["provider_named"]

    async def test_without_a_stated_term_it_is_counted_from_the_registration(self, desk):
        await take_over(desk, [open_row(registered_at="2026-01-20T09:00:00+05:00")])
        (event,) = await events(desk, "appeal-registered")
        assert (event["registered_at"], event["due_at"]) == ("2026-01-20T04:00:00Z", "2026-02-10T18:59:59Z")

    async def test_a_protected_appeal_is_so_from_the_first_moment(self, desk):
        await take_over(desk, [open_row(category="EXTORTION"), open_row(2)])
        protection = {row.appeal_id: row.protection for row in await desk.rows(Tracking)}
        found = {row.category: protection[row.id] for row in await desk.rows(Appeal)}
        assert found == {"EXTORTION": "SENSITIVE", "REFUSAL_APPOINTMENT": None}

    async def test_nobody_is_notified_unasked(self, desk):
        await take_over(desk, [open_row()])
        assert await desk.rows(Notification) == []
        assert await desk.rows(ConfirmedContact) == []

    async def test_who_is_to_be_notified_has_a_confirmed_contact_and_gets_the_receipt(self, desk):
        await take_over(desk, [open_row(), open_row(2, phone=None)], notify=True)
        (contact,) = await desk.rows(ConfirmedContact)
        assert contact.kind == "phone"
        assert [each.fact for each in await desk.rows(Notification)] == ["receipt"]

    async def test_providers_are_asked_if_that_is_asked_for(self, desk):
        await take_over(desk, [open_row()], ask_providers=True)
        assert [event["asks_provider"] for event in await events(desk, "appeal-registered")] == [True]

    async def test_sent_again_they_are_unchanged_and_with_other_values_refused(self, desk):
        rows = [open_row(number) for number in range(903)]
        assert (await take_over(desk, rows)).json()["imported"] == 903
        again = (await take_over(desk, [*rows, open_row(5, due_on="2026-05-05")])).json()
        assert (again["imported"], again["unchanged"]) == (0, 903)
        assert [(fault["line"], fault["code"]) for fault in again["rejected"]] == [(904, "legacy-number-changed")]

    async def test_a_repeat_under_its_key_gets_the_first_report(self, desk):
        raw, headers = json.dumps(open_row()).encode(), desk.token("admin") | NDJSON | {"Idempotency-Key": "a1" * 16}
        first = await desk.client.post("/intake/v1/imports/open", content=raw, headers=headers)
        again = await desk.client.post("/intake/v1/imports/open", content=raw, headers=headers)
        assert first.json() == again.json()
        assert first.json()["imported"] == 1


class TestDryRun:
    async def test_it_names_every_fault_of_a_line_and_stores_nothing(self, desk):
        wrong = open_row(3, region="KZ-99", iin="123", due_on="soon", consents=None, closed_at="2026-01-20T10:00:00+05:00")
        rows = [open_row(), open_row(2), wrong, open_row(2), open_row(2, language="ru")]
        report = (await take_over(desk, rows, dry_run=True)).json()
        assert (report["import_id"], report["received"], report["imported"], report["unchanged"]) == (None, 5, 2, 1)
        faults = {(fault["line"], fault["field"], fault["code"]) for fault in report["rejected"]}
        assert faults == {
            (3, "region", "unknown-code"),
            (3, "iin", "bad-iin"),
            (3, "due_on", "bad-date"),
            (3, "consents", "processing-consent-required"),
            (3, "closed_at", "closed-legacy-row"),
            (5, "legacy_number", "legacy-number-changed"),
        }
        assert all(fault["kk"] and fault["ru"] and fault["kk"] != fault["ru"] for fault in report["rejected"])
        assert await desk.rows(Appeal) == []
        assert (await desk.client.get("/intake/v1/imports", headers=desk.token("admin"))).json()["total"] == 0

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"due_on": "2026-01-05"}, ("due_on", "due-before-registration")),
            ({"due_on": "2026-02-10", "extended_until": "2026-02-05"}, ("extended_until", "extension-before-due")),
            ({"registered_at": "2026-01-18T09:00:00+05:00"}, ("registered_at", "bad-time")),
            ({"due_on": "2199-01-05"}, ("due_on", "calendar-gap")),
            ({"text": None}, ("text", "required")),
            ({"channel": "PIGEON"}, ("channel", "unknown-code")),
            ({"provider_bin": "1"}, ("provider_bin", "bad-bin")),
            ({"colour": "red"}, ("colour", "unknown-field")),
        ],
    )
    async def test_a_fault(self, desk, changes, fault):
        (found,) = (await take_over(desk, [open_row(**changes)], dry_run=True)).json()["rejected"]
        assert (found["field"], found["code"]) == fault


class TestUndo:
    async def test_it_asks_routing_and_removes_what_routing_removed(self, desk):
        import_id = (await take_over(desk, [open_row(), open_row(2)])).json()["import_id"]
        assert (await undo(desk, import_id)).json()["state"] == "UNDONE"
        asked = await events(desk, "import-undo-requested")
        gone, stays = (UUID(event["appeal_id"]) for event in asked)
        await apply(desk, ImportUndone(appeal_id=gone))
        await apply(desk, ImportUndoRefused(appeal_id=stays))
        for table, column in ((Appeal, "id"), (Tracking, "appeal_id"), (TakenOver, "appeal_id")):
            assert [getattr(row, column) for row in await desk.rows(table)] == [stays]
        report = (await desk.client.get(f"/intake/v1/imports/{import_id}", headers=desk.token("admin"))).json()
        assert (report["removed"], len(report["remaining"])) == (1, 1)

    async def test_while_it_goes_on_no_pin_opens_an_appeal(self, desk):
        import_id = (await take_over(desk, [open_row()])).json()["import_id"]
        await undo(desk, import_id)
        assert [row.pin for row in await desk.rows(Appeal)] == [None]

    async def test_it_is_done_once(self, desk):
        import_id = (await take_over(desk, [open_row()])).json()["import_id"]
        await undo(desk, import_id)
        again = await undo(desk, import_id)
        assert (again.status_code, again.json()["code"]) == (409, "import-undone")

    async def test_what_was_removed_may_be_imported_again(self, desk):
        import_id = (await take_over(desk, [open_row()])).json()["import_id"]
        await undo(desk, import_id)
        (event,) = await events(desk, "import-undo-requested")
        await apply(desk, ImportUndone(appeal_id=event["appeal_id"]))
        assert (await take_over(desk, [open_row()])).json()["imported"] == 1
        first, second = await events(desk, "appeal-registered")
        assert first["appeal_id"] == second["appeal_id"]
