"""A data folder stored by an earlier version is migrated without loss, keeps every promise, and its sealed content opens."""

import asyncio
import base64
import hashlib
import json
import sqlite3
import tarfile
from pathlib import Path

import httpx
import pytest

from shared.sealing import KEY_FILE
from suite import process
from suite.operations import migrate
from suite.verification import verify
from tests.patience import PATIENCE

STORED = Path(__file__).parent / "data" / "data-folder-2026-11-28.tar.xz"
BOTH_VERSIONS = STORED.with_name("data-folder-2026-11-29.tar.xz")
"""42 appeals and people's actions. Twelve appeals were routed by the version of the other folder, twelve by its successor with the setting
`clock_started_always` and twelve without: the log has the first clock in both forms. Six were imported."""
STORES = ("intake", "routing", "provider_contact", "analytics", "events")
MIGRATED = "alembic_version"


def secret(name):
    """A key of the stored folder: derived, so that no key is in the repository."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


@pytest.fixture
def folder(tmp_path):
    """Thirteen appeals: answered, confirmed, denied, with a provider, imported; documents, messages, calls, a partner's number."""
    return unpacked(STORED, tmp_path / "data")


def unpacked(stored, data):
    with tarfile.open(stored) as archive:
        archive.extractall(data, filter="data")
    keys = {"k1": secret("key of the stored data folder")}
    (data / "keys").mkdir(mode=0o700)
    (data / "keys" / KEY_FILE).write_text(json.dumps({"active": "k1", "keys": keys, "pepper": secret("pepper of the stored data folder")}))
    return data


def rows(data):
    """How many rows each table of each store has."""
    found = {}
    for store in STORES:
        connection = sqlite3.connect(data / f"{store}.db")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if name != MIGRATED]
        found |= {(store, name): connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
        connection.close()
    return found


def rows_of(data, store, query):
    connection = sqlite3.connect(data / f"{store}.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


USED_APPEALS = """
    SELECT appeal_id FROM appeal WHERE provider_id IS NOT NULL OR appeal_id IN (SELECT appeal_id FROM inquiry)
    OR appeal_id IN (SELECT appeal_id FROM name_match) ORDER BY 1
"""
REBUILT = (
    ("analytics", "SELECT * FROM transition ORDER BY event_id"),
    ("intake", "SELECT appeal_id, due_at, due_provisional FROM tracking ORDER BY appeal_id"),
)


ONLY_IN_LOG = {"number", "decision", "ended_on", "reopening_id"}
"""Columns of a fact that the earlier version did not store and that nothing else stored tells."""


def facts_of(data):
    names = ", ".join(name for _, name, *_ in rows_of(data, "analytics", "PRAGMA table_info(fact)") if name not in ONLY_IN_LOG)
    return rows_of(data, "analytics", f"SELECT {names} FROM fact ORDER BY appeal_id")


def clocks_in_log(data):
    """The appeals whose first clock the log has, by the fact that starts it."""
    found = {}
    for fact in ("clock-started", "appeal-routed"):
        values = rows_of(data, "events", f"SELECT value FROM record WHERE headers LIKE '%{fact}%'")
        payloads = [json.loads(value) for (value,) in values]
        found[fact] = [each["appeal_id"].replace("-", "") for each in payloads if fact == "clock-started" or each.get("clock")]
    return found


def read_anew(data, started):
    """Let intake and analytics read the log again, without figures and with a wrong deadline of the appeals whose clock `started`.

    No clock and no inquiry becomes due meanwhile.
    """
    again = ("DELETE FROM consumer_offset", "DELETE FROM inbox")
    places = ",".join("?" * len(started))
    wrong = f"UPDATE tracking SET due_at = '2000-01-01 00:00:00.000000', due_provisional = 1 WHERE appeal_id IN ({places})"
    for store, statements in {
        "analytics": (*again, "DELETE FROM fact", "DELETE FROM transition"),
        "intake": again,
        "routing": ("UPDATE clock SET next_at = NULL",),
        "provider_contact": ("UPDATE inquiry SET overdue = 1, next_step_at = NULL",),
    }.items():
        connection = sqlite3.connect(data / f"{store}.db")
        for statement in statements:
            connection.execute(statement)
        if store == "intake":
            assert connection.execute(wrong, started).rowcount == len(started)
        connection.commit()
        connection.close()


class TestAnEarlierFolder:
    def test_it_is_migrated_without_loss_and_keeps_every_promise(self, folder):
        before = rows(folder)
        assert before["intake", "appeal"] == before["routing", "appeal_case"] == before["analytics", "fact"] == 13
        about_providers = rows_of(folder, "provider_contact", USED_APPEALS)
        migrate(folder)
        after = rows(folder)
        contacts = ("provider_contact", "appeal")
        assert {table: count for table, count in before.items() if count and after.get(table) != count and table != contacts} == {}
        assert rows_of(folder, "provider_contact", "SELECT appeal_id FROM appeal ORDER BY 1") == about_providers
        assert 0 < len(about_providers) < before[contacts]
        with process.running(folder):  # routing reads the providers' topic, which the earlier version left alone
            is_quiet, checks = asyncio.run(verify(folder, patience=PATIENCE))
        assert is_quiet
        assert [check.name for check in checks if not check.holds] == []
        known = "SELECT provider_id FROM provider ORDER BY 1"
        assert rows_of(folder, "routing", known) == rows_of(folder, "provider_contact", known) != []

    @pytest.mark.parametrize(
        ("stored", "forms"), [(STORED, {"clock-started"}), (BOTH_VERSIONS, {"clock-started", "appeal-routed"})], ids=["one", "both"]
    )
    def test_its_log_rebuilds_the_same_facts_and_deadlines(self, tmp_path, stored, forms):
        """The earlier version published the start of the first clock as `clock-started`, the newer one as a field of `appeal-routed`."""
        folder = unpacked(stored, tmp_path / "data")
        migrate(folder)
        first_clocks = clocks_in_log(folder)
        assert {fact for fact, appeals in first_clocks.items() if appeals} == forms
        started = sorted({appeal_id for appeals in first_clocks.values() for appeal_id in appeals})
        before = [facts_of(folder), *(rows_of(folder, store, query) for store, query in REBUILT)]
        assert all((*before, started))
        read_anew(folder, started)
        with process.running(folder):
            is_quiet, checks = asyncio.run(verify(folder, patience=PATIENCE))
        assert is_quiet
        assert [check.name for check in checks if not check.holds] == []
        assert [facts_of(folder), *(rows_of(folder, store, query) for store, query in REBUILT)] == before
        numbers = rows_of(folder, "analytics", "SELECT number FROM fact ORDER BY appeal_id")
        assert numbers == rows_of(folder, "intake", "SELECT number FROM appeal ORDER BY id")
        shown = "SELECT appeal_id FROM timeline WHERE type = 'clock-started' ORDER BY 1"
        assert [appeal_id for (appeal_id,) in rows_of(folder, "intake", shown)] == started

    def test_what_was_sealed_opens_for_whoever_has_number_and_pin(self, folder):
        answered, *_ = json.loads((folder / "appeals.json").read_text())
        with process.running(folder) as suite, httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http:
            pin = {"Appeal-Pin": answered["pin"]}
            appeal = http.get(f"/intake/v1/appeals/{answered['number']}", headers=pin).raise_for_status().json()
            assert appeal["answer"]["text"] == "Ответ по существу"
            [document] = appeal["attachments"]
            stored = http.get(f"/intake/v1/appeals/{answered['number']}/attachments/{document['id']}", headers=pin)
            assert stored.content.decode() == "Сынақ құжаты"
