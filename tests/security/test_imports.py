"""Imports as strangers and Excel write them: nothing vanishes unreported, nothing holds the event loop."""

import csv
import io
import json

import pytest

from intake.imports.service.importing import _former_id
from intake.register.models import Appeal
from shared.domain.identifiers import is_valid_bin_or_iin
from tests.event_loop import STEP, Steps
from tests.intake.imports.service.test_importing import as_csv, row, send, send_raw


def sheet(rows, separator=",", encoding="utf-8"):
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode(encoding)


class TestNothingVanishes:
    async def test_a_quotation_mark_in_a_cell_costs_no_row(self, desk):
        raw = as_csv([row(n, text=f"мәтін {n}") for n in range(1, 11)]).decode().replace("мәтін 2", 'палата 5" койка').encode()
        report = (await send_raw(desk, raw, "text/csv")).json()
        assert report == {"received": 10, "imported": 10, "unchanged": 0, "rejected": []}

    async def test_one_that_opens_a_cell_is_one_refusal_at_its_line(self, desk):
        raw = as_csv([row(n, text=f"мәтін {n}") for n in range(1, 11)]).decode().replace("мәтін 2", '"палата 5 койка').encode()
        report = (await send_raw(desk, raw, "text/csv")).json()
        assert (report["received"], report["imported"]) == (10, 9)
        assert [(one["line"], one["code"]) for one in report["rejected"]] == [(3, "malformed-csv")]

    @pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), (";", "utf-16")])
    async def test_a_register_as_excel_writes_it_is_read(self, desk, separator, encoding):
        raw = sheet([row(n) for n in range(1, 11)], separator, encoding)
        assert (await send_raw(desk, raw, "text/csv")).json()["imported"] == 10

    async def test_windows_1251_is_refused_with_a_sentence(self, desk):
        raw = sheet([row(n, text="Прежний регистр") for n in range(1, 11)], ";", "cp1251")
        answer = await send_raw(desk, raw, "text/csv")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-text")
        assert "Windows-1251" in answer.json()["detail"]

    async def test_another_separator_is_refused_with_a_sentence(self, desk):
        answer = await send_raw(desk, sheet([row()], "|"), "text/csv")
        assert answer.status_code == 422
        assert "commas, semicolons or tabs" in answer.json()["detail"]


class TestTwoRegisters:
    async def test_a_number_that_two_registers_share_is_two_appeals(self, desk):
        lines = [row(50, channel="CALL_1406"), row(50, channel="WEB_OLD")]
        assert (await send(desk, lines)).json() == {"received": 2, "imported": 2, "unchanged": 0, "rejected": []}
        assert (await send(desk, lines)).json() == {"received": 2, "imported": 0, "unchanged": 2, "rejected": []}
        assert {one.channel for one in await desk.rows(Appeal)} == {"CALL_1406", "WEB_OLD"}

    async def test_a_changed_line_is_refused_in_its_own_register(self, desk):
        await send(desk, [row(50, channel="CALL_1406"), row(50, channel="WEB_OLD")])
        report = (await send(desk, [row(50, channel="CALL_1406", outcome="UNJUSTIFIED"), row(50, channel="WEB_OLD")])).json()
        assert (report["unchanged"], [one["line"] for one in report["rejected"]]) == (1, [1])

    async def test_what_was_imported_before_the_register_counted_stays_unchanged(self, desk, monkeypatch):
        with monkeypatch.context() as before:
            before.setattr("intake.imports.service.importing.id_of", _former_id)
            await send(desk, [row(50, channel="CALL_1406")])
        report = (await send(desk, [row(50, channel="CALL_1406"), row(50, channel="WEB_OLD")])).json()
        assert report == {"received": 2, "imported": 1, "unchanged": 1, "rejected": []}
        changed = (await send(desk, [row(50, channel="CALL_1406", outcome="UNJUSTIFIED")])).json()
        assert [one["code"] for one in changed["rejected"]] == ["legacy-number-changed"]


class TestTheLoopStaysFree:
    async def test_while_a_register_of_long_texts_is_imported(self, desk):
        raw = "\n".join(json.dumps(row(n, text="ә" * 19_000), ensure_ascii=False) for n in range(200)).encode()
        async with Steps() as steps:
            assert (await send_raw(desk, raw)).json()["imported"] == 200
        assert steps.longest < STEP

    @pytest.mark.parametrize("media_type", ["text/csv", "application/x-ndjson"])
    async def test_while_many_short_lines_are_imported(self, desk, media_type):
        rows = [row(n) for n in range(2000)]
        raw = as_csv(rows) if media_type == "text/csv" else "\n".join(json.dumps(one) for one in rows).encode()
        async with Steps() as steps:
            assert (await send_raw(desk, raw, media_type)).json()["imported"] == 2000
        assert steps.longest < STEP

    async def test_while_nonsense_is_refused(self, desk):
        async with Steps() as steps:
            answer = await send_raw(desk, b"x\n" * 9_000)
        assert len(answer.json()["rejected"]) == 9_000
        assert steps.longest < STEP

    async def test_while_providers_are_imported(self, world):
        numbers = [number for number in map(str, range(200_140_000_000, 200_140_040_000)) if is_valid_bin_or_iin(number)][:3000]
        async with Steps() as steps:
            answer = await world.load(*({"bin": number} for number in numbers))
        assert answer.json()["imported"] == 3000
        assert steps.longest < STEP
