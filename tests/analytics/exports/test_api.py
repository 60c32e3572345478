import asyncio
import csv
import io
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import structlog
from pyarrow import parquet
from python_calamine import CalamineWorkbook
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from analytics.exports import policy
from analytics.exports.service import reading
from analytics.facts.models import provider
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.logging import guard
from tests.analytics.exports.stream_client import StreamClient
from tests.analytics.random_facts import random_world

PERIOD = {"from": "2024-01-01", "to": "2025-12-31"}
OTHERS = ["operator", "specialist", "expert", "provider", "partner", "applicant", "channel", "telephony", "service"]
EVIL = '=HYPERLINK("http://evil.example")'


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def day(moment: datetime | None, region: str) -> str:
    return "" if moment is None else moment.astimezone(regions()[region].timezone).date().isoformat()


def yes_no(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def expected(row: dict) -> dict[str, str]:
    """The cells of a fact, without labels, as a plain reading of its columns gives them."""
    stored = ("region", "channel", "language", "kind", "category", "topic", "tier", "urgency", "provider_id", "status", "outcome", "score")
    cells = {name: "" if row[name] is None else str(row[name]) for name in (*stored, "proof", "decision", "received_on", "number")}
    times = ("registered", "due", "routed", "answered", "closed")
    cells |= {f"{name}_on": day(row[f"{name}_at"], row["region"]) for name in times}
    cells |= {name: yes_no(row[name]) for name in ("imported", "extended", "reopened", "confirmed", "agreed")}
    cells |= {f"{name}_seconds": str(row[name]) for name in ("held_by_fund", "held_by_provider", "held_by_applicant")}
    answered = row["answered_at"] is not None and not row["imported"]
    seconds = str(int((row["answered_at"] - row["received_at"]).total_seconds())) if answered else ""
    return cells | {"continuation": yes_no(row["follows"] is not None), "answer_seconds": seconds}


async def store_provider(world, name: str = "Емхана") -> None:
    names = {"provider_id": UUID(int=5), "name_kk": name, "name_ru": "Поликлиника", "region": "KZ-43", "district": "Қазалы"}
    async with world.parts.database.write() as session:
        await session.execute(insert(provider), [names])


@pytest.fixture
def codes(monkeypatch):
    """Write the codes of the columns as headings, so that cells can be compared by code."""

    found = {code: replace(column, heading=Label(code, code, code)) for code, column in policy.columns().items()}
    monkeypatch.setattr(policy, "columns", lambda: found)


@pytest.mark.usefixtures("codes")
class TestRows:
    async def test_every_fact_of_the_cohort_is_a_row_with_its_cells(self, world, monkeypatch):
        monkeypatch.setattr(reading, "PAGE", 7)
        rows = await random_world(world, random.Random(5), 200)
        got = table((await world.get("/exports/facts.csv", "admin", **PERIOD)).content)
        by_number = {row["number"]: row for row in got}
        assert len(got) == len(by_number) == len(rows)
        for row in rows:
            cells = expected(row)
            assert {name: by_number[row["number"]][name] for name in cells} == cells

    async def test_the_filters_are_those_of_the_figures(self, world):
        rows = await random_world(world, random.Random(6), 300)
        await store_provider(world)
        asked = {
            "region": ("region", "KZ-27"), "channel": ("channel", "WEB"), "kind": ("kind", "COMPLAINT"), "topic": ("topic", "REFERRAL"),
            "tier": ("tier", 2), "provider_id": ("provider_id", UUID(int=6)), "language": ("language", "ru"),
        }  # fmt: skip
        for name, (column, value) in asked.items():
            got = table((await world.get("/exports/facts.csv", **PERIOD, **{name: str(value)})).content)
            assert len(got) == sum(row[column] == value for row in rows) > 0, name
        below = table((await world.get("/exports/facts.csv", **PERIOD, category="QUALITY")).content)
        assert len(below) == sum(row["category"] in {"QUALITY", "QUALITY_TREATMENT", "QUALITY_DEATH"} for row in rows)
        district = table((await world.get("/exports/facts.csv", **PERIOD, district="Қазалы")).content)
        assert len(district) == sum(row["provider_id"] == UUID(int=5) for row in rows) > 0
        assert {row["provider_label"] for row in district} == {"Емхана"}
        for year in (2024, 2025):
            of_year = table((await world.get("/exports/facts.csv", **{"from": f"{year}-01-01", "to": f"{year}-12-31"})).content)
            first_time = [row for row in of_year if row["continuation"] == "false"]
            assert len(first_time) == (await world.kpi("received", year=year))["value"]

    async def test_every_event_of_the_cohort_is_a_row(self, world, make, monkeypatch):
        monkeypatch.setattr(reading, "PAGE", 2)
        at = datetime(2025, 6, 30, 20, 0, tzinfo=UTC)  # 1 July in the region
        events = [make("appeal-registered", number, received_at=at - timedelta(days=1)) for number in (1, 2)]
        await world.consume(*events, make("appeal-routed", 1), make("answer-given", 1), make("appeal-registered", 3), at=at)
        got = table((await world.get("/exports/transitions.csv", "head", "KZ-43", **PERIOD)).content)
        assert [(row["number"], row["type"], row["happened_on"]) for row in got] == [
            ("2026-43-0000001-0", "appeal-registered", "2025-07-01"), ("2026-43-0000002-0", "appeal-registered", "2025-07-01"),
            ("2026-43-0000001-0", "appeal-routed", "2025-07-01"), ("2026-43-0000001-0", "answer-given", "2025-07-01"),
        ]  # fmt: skip
        stored = [row for row in await world.transitions() if row.appeal_id != UUID(int=3)]
        assert [row["dwell_seconds"] for row in got] == ["" if each.dwell_seconds is None else str(each.dwell_seconds) for each in stored]
        assert [row["actor_kind"] for row in got] == [each.actor_kind for each in stored]
        assert [row["holder_after"] for row in got] == [each.holder_after for each in stored]

    async def test_the_three_formats_have_the_same_cells(self, world):
        await random_world(world, random.Random(7), 50)
        await store_provider(world)
        answers = {form: (await world.get(f"/exports/facts.{form}", "admin", **PERIOD)).content for form in ("csv", "xlsx", "parquet")}
        lines = list(csv.reader(io.StringIO(answers["csv"].decode("utf-8-sig"), newline="")))
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(answers["xlsx"])).get_sheet_by_index(0).to_python()
        shown = [[_as_text(cell) for cell in row] for row in sheet]
        assert shown == lines
        columns = parquet.read_table(io.BytesIO(answers["parquet"])).to_pydict()
        assert list(columns) == lines[0]
        assert [[_as_text(cell) for cell in row] for row in zip(*columns.values(), strict=True)] == lines[1:]

    async def test_a_period_without_appeals_is_a_file_without_rows(self, world):
        for grain in ("facts", "transitions"):
            assert table((await world.get(f"/exports/{grain}.csv", **PERIOD)).content) == []
            empty = await world.get(f"/exports/{grain}.parquet", **PERIOD)
            assert parquet.read_table(io.BytesIO(empty.content)).num_rows == 0
            book = CalamineWorkbook.from_filelike(io.BytesIO((await world.get(f"/exports/{grain}.xlsx", **PERIOD)).content))
            assert len(book.get_sheet_by_index(0).to_python()) == 1


def _as_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell))
    return "" if cell is None else str(cell)


class TestHeadings:
    @pytest.mark.parametrize(
        ("labels", "heading", "label"),
        [
            ("kk", "Арна", "Qoldau 24/7 мобильді қосымшасы"), ("ru", "Канал", "Мобильное приложение Qoldau 24/7"),
            ("en", "Channel", "Mobile app"),
        ],
    )  # fmt: skip
    async def test_headings_and_labels_come_in_the_language_asked_for(self, world, make, labels, heading, label):
        await world.consume(make("appeal-imported", 1))
        (row,) = table((await world.get("/exports/facts.csv", **PERIOD, labels=labels)).content)
        assert row[heading] == "APP"
        assert label in {value for name, value in row.items() if name.startswith(f"{heading} (")}

    async def test_parquet_describes_its_columns_in_the_schema(self, world):
        answer = await world.get("/exports/facts.parquet", **PERIOD, labels="ru")
        schema = parquet.read_schema(io.BytesIO(answer.content))
        assert schema.field("channel").metadata[b"heading"].decode() == "Канал"


class TestAccess:
    async def test_an_analyst_gets_all_regions_and_nothing_that_identifies_a_row(self, world, make):
        await world.consume(make("appeal-imported", 1), make("appeal-imported", 2, region="KZ-27"))
        for grain in ("facts", "transitions"):
            answer = await world.get(f"/exports/{grain}.csv", **PERIOD)
            assert len(table(answer.content)) == 2
            assert b"2025-43-" not in answer.content
            assert not any(str(UUID(int=number)).encode() in answer.content for number in (1, 2))
            assert re.search(rb"\d\d:\d\d", answer.content) is None  # no time of day

    async def test_for_an_analyst_the_order_of_rows_is_not_that_of_filing(self, world, make):
        at = datetime(2025, 6, 10, 5, 0, tzinfo=UTC)
        channels = ["WEB", "APP", "MAIL"]
        events = [make("appeal-imported", number, channel=each, received_at=at) for number, each in enumerate(channels, start=1)]
        await world.consume(*events)
        for grain in ("facts", "transitions"):
            rows = list(csv.reader(io.StringIO((await world.get(f"/exports/{grain}.csv", **PERIOD)).content.decode())))[1:]
            assert rows == sorted(rows)
            assert len(rows) == 3

    @pytest.mark.parametrize("role", ["supervisor", "head"])
    async def test_those_who_lead_a_region_get_its_rows_with_numbers(self, world, make, role):
        await world.consume(make("appeal-imported", 1), make("appeal-imported", 2, region="KZ-27"))
        for asked in ({}, {"region": "KZ-43"}):
            (row,) = table((await world.get("/exports/facts.csv", role, "KZ-43", **PERIOD, **asked)).content)
            assert row["Тіркеу нөмірі"] == "2025-43-0000001-0"
        assert (await world.get("/exports/facts.csv", role, "KZ-43", **PERIOD, region="KZ-27")).status_code == 403
        assert (await world.get("/exports/facts.csv", role, None, **PERIOD)).status_code == 403

    @pytest.mark.parametrize("role", OTHERS)
    async def test_other_roles_get_nothing(self, world, role):
        assert (await world.get("/exports/facts.csv", role, "KZ-43", **PERIOD)).status_code == 403

    async def test_without_a_token_there_is_nothing(self, world):
        assert (await world.get("/exports/facts.csv", None, **PERIOD)).status_code == 401


class TestRequest:
    @pytest.mark.parametrize(
        ("path", "asked", "field"),
        [
            ("facts.csv", {"from": "2025-02-01", "to": "2025-01-01"}, "to"), ("facts.csv", {"from": "2025-02-01"}, "to"),
            ("facts.csv", PERIOD | {"regoin": "KZ-43"}, "regoin"), ("facts.csv", PERIOD | {"labels": "de"}, "labels"),
        ],
    )  # fmt: skip
    async def test_a_wrong_request_is_refused_by_its_field(self, world, path, asked, field):
        refused = await world.get(f"/exports/{path}", **asked)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)

    @pytest.mark.parametrize("path", ["facts.pdf", "calls.csv", "facts"])
    async def test_another_file_does_not_exist(self, world, path):
        assert (await world.get(f"/exports/{path}", **PERIOD)).status_code in {404, 422}

    async def test_the_file_is_named_by_its_period_and_region_alone(self, world):
        answer = await world.get("/exports/facts.xlsx", **PERIOD, region="KZ-43", district="Жұмабек")
        assert 'filename="facts-2024-01-01-2025-12-31-KZ-43.xlsx"' in answer.headers["content-disposition"]
        assert answer.headers["cache-control"] == "no-store"

    async def test_names_that_look_like_formulas_are_texts(self, world, make):
        await store_provider(world, EVIL)
        await world.consume(make("appeal-imported", 1), make("provider-matched", 1))
        rows = table((await world.get("/exports/facts.csv", **PERIOD)).content)
        assert [row["Медициналық ұйымның атауы"] for row in rows] == [f"'{EVIL}"]
        book = CalamineWorkbook.from_filelike(io.BytesIO((await world.get("/exports/facts.xlsx", **PERIOD)).content))
        assert f"'{EVIL}" in book.get_sheet_by_index(0).to_python()[1]

    async def test_an_export_is_logged_by_codes_alone(self, world):
        with structlog.testing.capture_logs() as logs:
            await world.get("/exports/facts.csv", **PERIOD, region="KZ-43", district="Жұмабек", channel="WEB")
        entries = [{name: entry[name] for name in entry.keys() - {"log_level"}} for entry in logs]
        begun, ended = (guard(None, "info", entry) for entry in entries if entry["event"].startswith("an export"))
        codes = {
            "kind": "facts.csv", "region": "KZ-43", "role": "analyst", "first_day": "2024-01-01", "last_day": "2025-12-31",
            "filter_names": "channel district",
        }  # fmt: skip
        assert {name: begun[name] for name in codes} == codes
        assert (ended["rows"], ended["complete"], "withheld" in ended) == (0, True, False)
        assert "Жұмабек" not in str(logs)


class TestDisconnect:
    async def test_a_client_that_goes_away_frees_its_connection_and_the_next_export_runs(self, world, monkeypatch):
        monkeypatch.setattr(reading, "PAGE", 10)
        await random_world(world, random.Random(8), 100)
        clients = [StreamClient(world, "facts.csv", reads_on=False) for _ in range(2)]
        reads = [asyncio.create_task(client.read()) for client in clients]
        await asyncio.gather(*(client.started.wait() for client in clients))
        busy = await world.get("/exports/facts.csv", **PERIOD)
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "30")
        with structlog.testing.capture_logs() as logs:
            for client in clients:
                client.gone.set()
            await asyncio.gather(*reads)
        ended = [entry for entry in logs if entry["event"] == "an export ends"]
        assert [entry["complete"] for entry in ended] == [False, False]
        pool = world.parts.database._reader.pool
        assert pool.checkedout() == 0
        assert len(table((await world.get("/exports/facts.csv", **PERIOD)).content)) == 100


class TestDatabaseFailure:
    @pytest.mark.parametrize("file", ["facts.csv", "facts.xlsx", "transitions.parquet"])
    async def test_before_the_first_row_it_is_an_error_and_no_file(self, world, monkeypatch, file):
        async def fail(*_given):
            raise OperationalError("SELECT", None, ConnectionError(), hide_parameters=True)

        monkeypatch.setattr(reading.facts, "exported_facts", fail)
        monkeypatch.setattr(reading.facts, "exported_transitions", fail)
        refused = await world.get(f"/exports/{file}", **PERIOD)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        monkeypatch.undo()
        assert (await world.get(f"/exports/{file}", **PERIOD)).status_code == 200, "the failed export is not running any more"


class TestLabels:
    async def test_codes_of_proof_decision_and_urgency_have_labels(self, world, make):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1), make("solution-proposed", 1))
        asked = {"from": "2026-01-01", "to": "2026-12-31", "labels": "ru"}
        [row] = table((await world.get("/exports/facts.csv", **asked)).content)
        names = ("Подтверждение решения (название)", "Решение классификатора (название)", "Срочность (название)")
        assert [row[name] for name in names] == ["Медорганизация сообщила о решении", "Решено автоматически", "Обычная"]
        events = table((await world.get("/exports/transitions.csv", **asked)).content)
        assert {event["Кто вызвал (название)"] for event in events} == {"Заявитель", "Система", "Медицинская организация"}
