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
STORES = ("intake", "routing", "provider_contact", "analytics", "events")
MIGRATED = "alembic_version"


def secret(name):
    """A key of the stored folder: derived, so that no key is in the repository."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


@pytest.fixture
def folder(tmp_path):
    """Thirteen appeals: answered, confirmed, denied, with a provider, imported; documents, messages, calls, a partner's number."""
    data = tmp_path / "data"
    with tarfile.open(STORED) as archive:
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


class TestAnEarlierFolder:
    def test_it_is_migrated_without_loss_and_keeps_every_promise(self, folder):
        before = rows(folder)
        assert before["intake", "appeal"] == before["routing", "appeal_case"] == before["analytics", "fact"] == 13
        migrate(folder)
        after = rows(folder)
        assert {table: count for table, count in before.items() if count and after.get(table) != count} == {}
        is_quiet, checks = asyncio.run(verify(folder, patience=PATIENCE))
        assert is_quiet
        assert [check.name for check in checks if not check.holds] == []

    def test_what_was_sealed_opens_for_whoever_has_number_and_pin(self, folder):
        answered, *_ = json.loads((folder / "appeals.json").read_text())
        with process.running(folder) as suite, httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http:
            pin = {"Appeal-Pin": answered["pin"]}
            appeal = http.get(f"/intake/v1/appeals/{answered['number']}", headers=pin).raise_for_status().json()
            assert appeal["answer"]["text"] == "Ответ по существу"
            [document] = appeal["attachments"]
            stored = http.get(f"/intake/v1/appeals/{answered['number']}/attachments/{document['id']}", headers=pin)
            assert stored.content.decode() == "Сынақ құжаты"
