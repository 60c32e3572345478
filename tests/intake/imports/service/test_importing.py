import asyncio
import csv
import io
import json

import pytest

from intake.register.models import Appeal, Timeline, Tracking
from shared.messaging.tables import outbox

TEXT = "Ескі тіркелімнің сөздері"


def row(number=1, **changes):
    return {
        "legacy_number": f"ЖТ-{number}",
        "channel": "CALL_1406",
        "language": "kk",
        "kind": "COMPLAINT",
        "category": "REFUSAL",
        "region": "KZ-43",
        "provider_bin": "200140000014",
        "received_at": "2021-03-02T10:00:00+06:00",
        "closed_at": "2021-03-09T10:00:00+06:00",
        "outcome": "JUSTIFIED",
        "text": TEXT,
    } | changes


async def send(desk, lines, media_type="application/x-ndjson", headers=None):
    raw = "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in lines).encode("utf-8", "surrogatepass")
    return await send_raw(desk, raw, media_type, headers)


async def send_raw(desk, raw, media_type="application/x-ndjson", headers=None):
    async def chunks():  # cut anywhere, as a network does
        for start in range(0, len(raw), 997):
            yield raw[start : start + 997]

    sent = {"Content-Type": media_type, **(headers or desk.token("admin"))}
    return await desk.client.post("/intake/v1/imports", content=chunks(), headers=sent)


def as_csv(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


class TestImport:
    async def test_a_complaint_whose_register_does_not_say_the_reason_has_no_category(self, desk):
        sums = row(category="UNKNOWN", outcome="ON_SPOT_OR_WITHDRAWN_UNSPLIT")
        assert (await send(desk, [sums])).json()["imported"] == 1
        assert (await send(desk, [sums])).json()["unchanged"] == 1
        (kept,), (tracking,) = await desk.rows(Appeal), await desk.rows(Tracking)
        assert (kept.category, tracking.outcome) == (None, "ON_SPOT_OR_WITHDRAWN_UNSPLIT")
        async with desk.parts.database.read() as session:
            (event,) = (await session.execute(outbox.select())).all()
        assert json.loads(event.value)["category"] is None

    async def test_a_question_has_no_unknown_category(self, desk):
        (refused,) = (await send(desk, [row(kind="CONSULTATION", category="UNKNOWN")])).json()["rejected"]
        assert (refused["field"], refused["code"]) == ("category", "unknown-code")

    async def test_a_closed_appeal_gets_a_number_of_its_year_and_an_event(self, desk):
        assert (await send(desk, [row()])).json() == {"received": 1, "imported": 1, "unchanged": 0, "rejected": []}
        (kept,), (tracking,), (line,) = await desk.rows(Appeal), await desk.rows(Tracking), await desk.rows(Timeline)
        assert kept.number.startswith("2021-43-")
        assert kept.pin is None
        assert (tracking.status, tracking.holder, tracking.outcome, tracking.due_at) == ("CLOSED", "NONE", "JUSTIFIED", None)
        assert line.type == "case-closed"
        async with desk.parts.database.read() as session:
            (event,) = (await session.execute(outbox.select())).all()
        assert event.type == "kz.aryz.intake.appeal-imported.v1"
        assert b"200140000014" not in event.value
        assert "ЖТ-1".encode() not in event.value

    async def test_a_row_of_2003_is_taken_as_any_other(self, desk):
        old = row(received_at="2003-03-02T10:00:00+06:00", closed_at="2003-03-09T10:00:00+06:00")
        assert (await send(desk, [old])).json()["imported"] == 1
        (kept,) = await desk.rows(Appeal)
        assert kept.number.startswith("2003-43-")

    async def test_sent_again_everything_is_unchanged(self, desk):
        rows = [row(number) for number in range(1203)]
        assert (await send(desk, rows)).json()["imported"] == 1203
        assert (await send(desk, rows)).json() == {"received": 1203, "imported": 0, "unchanged": 1203, "rejected": []}
        assert len(await desk.rows(Appeal)) == 1203

    async def test_csv_and_ndjson_say_the_same(self, desk):
        rows = [row(1, text='Жол\nүзілген, "тырнақша"'), row(2, category="")]
        assert (await send_raw(desk, b"\xef\xbb\xbf" + as_csv(rows), "text/csv; charset=utf-8")).json()["imported"] == 2
        same = [row(1, text='Жол\nүзілген, "тырнақша"'), row(2, category=None)]
        assert (await send(desk, same)).json()["unchanged"] == 2

    async def test_a_changed_line_for_a_known_number_is_refused(self, desk):
        await send(desk, [row()])
        report = (await send(desk, [row(), row(outcome="UNJUSTIFIED")])).json()
        assert (report["imported"], report["unchanged"]) == (0, 1)
        assert [(one["line"], one["code"]) for one in report["rejected"]] == [(2, "legacy-number-changed")]

    async def test_a_number_twice_in_one_file_is_taken_once(self, desk):
        report = (await send(desk, [row(), row(), row(text="басқа")])).json()
        assert (report["imported"], report["unchanged"], len(report["rejected"])) == (1, 1, 1)

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("{", ("malformed-json", "")),
            ("[]", ("wrong-type", "")),
            ('{"legacy_number": "\\ud800"}', ("malformed-text", "legacy_number")),
            ({"legacy_number": "ЖТ-9"}, ("required", "channel")),
            (row(closed_at=None), ("open-legacy-row", "closed_at")),
            (row(closed_at=None, outcome=None), ("open-legacy-row", "closed_at")),
            (row(outcome=None), ("required", "outcome")),
            (row(outcome="NONSENSE"), ("unknown-code", "outcome")),
            (row(channel="NONSENSE"), ("unknown-code", "channel")),
            (row(language="de"), ("unknown-code", "language")),
            (row(kind="NONSENSE"), ("unknown-code", "kind")),
            (row(topic="PAY_RATES"), ("not-for-this-kind", "topic")),
            (row(region="KZ-99"), ("unknown-code", "region")),
            (row(provider_bin="200140000015"), ("bad-bin", "provider_bin")),
            (row(received_at="2021-03-02"), ("bad-time", "received_at")),
            (row(received_at="2027-03-02T10:00:00Z"), ("bad-time", "received_at")),
            (row(closed_at="2021-03-01T10:00:00Z"), ("bad-time", "closed_at")),
            (row(text="ә" * 20_001), ("too-long", "text")),
            (row(note="x"), ("unknown-field", "note")),
            (row(text="q" * 300_000), ("payload-too-large", "")),
        ],
    )
    async def test_a_bad_line_is_one_entry_and_the_others_are_taken(self, desk, line, expected):
        report = (await send(desk, [row(1), "", line, row(2)])).json()
        assert (report["received"], report["imported"]) == (3, 2)
        (rejected,) = report["rejected"]
        assert rejected["line"] == 3
        assert rejected["detail"]
        assert (rejected["code"], rejected["field"]) == expected

    async def test_csv_lines_are_refused_one_by_one(self, desk):
        good = as_csv([row()])
        bad = b'\r\n"a","b"\r\n"open \xff",1\r\n'
        report = (await send_raw(desk, good.strip() + bad, "text/csv")).json()
        assert (report["received"], report["imported"]) == (3, 1)
        assert [(one["line"], one["code"]) for one in report["rejected"]] == [(3, "malformed-csv"), (4, "malformed-text")]

    async def test_a_file_of_another_form_is_broken_off_and_says_so(self, desk, monkeypatch):
        monkeypatch.setattr("intake.imports.service.importing.REFUSED_LIMIT", 500)
        answer = await send(desk, ["not json"] * 1200)
        assert (answer.status_code, answer.json()["code"]) == (422, "too-many-refused-lines")

    async def test_an_open_quote_before_many_lines_is_one_refused_line_read_in_time(self, desk):
        answer = await send_raw(desk, b'legacy_number,channel\n"' + b"\n" * 200_000, "text/csv")
        assert [one["line"] for one in answer.json()["rejected"]] == [2]

    async def test_an_unknown_column_refuses_the_file(self, desk):
        answer = await send_raw(desk, b"legacy_number,surname\r\n1,Synaq\r\n", "text/csv")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "header")
        assert "surname" not in answer.text

    async def test_it_is_for_admins_and_for_two_media_types(self, desk):
        assert (await send(desk, [row()], headers=desk.token("operator"))).status_code == 403
        assert (await send(desk, [row()], media_type="application/json")).status_code == 415

    async def test_an_announced_giant_is_refused_unread(self, desk):
        headers = {"Content-Type": "application/x-ndjson", "Content-Length": str(65 * 1024 * 1024), **desk.token("admin")}
        answer = await desk.client.post("/intake/v1/imports", content=b"{}", headers=headers)
        assert answer.status_code == 413

    async def test_no_pin_opens_an_imported_appeal(self, desk):
        await send(desk, [row()])
        (kept,) = await desk.rows(Appeal)
        assert (await desk.track(kept.number, "")).status_code == 404
        tracked = (await desk.track(kept.number, headers=desk.token("admin"))).json()
        assert (tracked["status"], tracked["outcome"]) == ("CLOSED", "JUSTIFIED")
        assert tracked["time_held"] == [{"holder": "FUND_TIER1", "seconds": 7 * 86400}]


class TestTwoAtOnce:
    async def test_two_processes_that_import_the_same_file_take_each_line_once(self, desk, neighbour):
        lines = [row(number) for number in range(60)]
        async with neighbour() as other:
            answers = [answer.json() for answer in await asyncio.gather(send(desk, lines), send(other, lines[::-1]))]
        assert sum(answer["imported"] for answer in answers) == len(lines)
        assert sum(answer["unchanged"] for answer in answers) == len(lines)
        assert len(await desk.rows(Appeal)) == len(lines)
