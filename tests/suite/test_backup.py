"""A backup of a busy suite is restored in a new place, and every state in which a backup or restore is refused."""

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from shared.clock import SystemClock
from shared.sealing import load_or_create_keys
from suite import cli, process
from suite.backup import BackupFailed, RestoreRefused, backup, restore
from suite.backup.making import make
from suite.lock import FolderInUse, locked
from suite.verification import verify
from tests.patience import LONG_PATIENCE
from tests.suite.test_backup_objects import no_file_larger_than
from tests.traffic import TEXT, appeal_with_document, under_traffic

QUIET = Console(quiet=True)
LONG_TEXT = TEXT * 10_000  # some chunks
SENT_AGAIN = """
INSERT INTO outbox (event_id, topic, key, type, time, correlation_id, value)
VALUES (?, 'aryz.appeals.v1', ?, 'kz.aryz.intake.appeal-registered.v1', '2026-02-02 00:00:00', ?, ?)
"""


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """A folder with a backup without keys, one with keys and the data folder they are from.

    And what was acknowledged before the second: the numbers of appeals, and a document.
    """
    folder = tmp_path_factory.mktemp("taken")
    before: list[str] = []

    def make_backup(acknowledged: list[str]) -> None:
        backup(folder / "sealed", folder / "data", with_keys=False, console=QUIET)
        before.extend(acknowledged)
        backup(folder / "open", folder / "data", with_keys=True, console=QUIET)

    with process.running(folder / "data") as suite:
        document = appeal_with_document(suite, LONG_TEXT)
        under_traffic(suite, make_backup)
    return folder, before, document


@pytest.fixture
def sealed(taken, tmp_path):
    """A copy of the backup without keys, to be harmed."""
    return shutil.copytree(taken[0] / "sealed", tmp_path / "sealed")


@pytest.fixture
def with_keys(taken, tmp_path):
    return shutil.copytree(taken[0] / "open", tmp_path / "open")


def _numbers(data):
    with sqlite3.connect(data / "intake.db") as file:
        return {number for (number,) in file.execute("SELECT number FROM appeal")}


def _objects(folder):
    return {path.relative_to(folder): path.read_bytes() for path in (folder / "objects").glob("*/*")}


def _send_again(data):
    """Put the first registration of the log back into the outbox, as a backup finds it that came between append and delete."""
    with sqlite3.connect(data / "events.db") as file:
        event_id, key, headers, value = file.execute(
            "SELECT event_id, key, headers, value FROM record WHERE headers LIKE '%appeal-registered%' ORDER BY seq LIMIT 1"
        ).fetchone()
    correlation = dict(json.loads(headers))["ce_correlationid"].replace("-", "")
    with sqlite3.connect(data / "intake.db") as file:
        file.execute(SENT_AGAIN, (event_id.hex(), key, correlation, value))


class TestOutOfABusySuite:
    def test_what_is_restored_goes_on_and_holds_every_promise(self, taken, tmp_path):
        folder, before, document = taken
        data = tmp_path / "data"
        restore(folder / "open", data, replace=False, console=QUIET)
        restored = _numbers(data)
        assert set(before) <= restored < _numbers(folder / "data")  # and traffic went on after the backup
        _send_again(data)
        with process.running(data) as suite:
            assert document.read(suite) == LONG_TEXT
            under_traffic(suite, lambda _: None)
            is_quiet, checks = asyncio.run(verify(data))
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds} == {}
        [documents] = [check for check in checks if check.name == "every document of an appeal is there"]
        assert documents.looked_at > 1
        assert restored < _numbers(data)
        assert _numbers(data) & _numbers(folder / "data") == restored  # what was given out after the backup is not given out again

    def test_whatever_a_row_names_is_in_it_although_documents_go_on_coming(self, tmp_path):
        with process.running(tmp_path / "data") as suite:
            appeal_with_document(suite, TEXT)
            more = iter(range(2))  # after the first object, and after the last

            def progress(part):
                return lambda _done, _total: part == "objects" and next(more, None) is not None and appeal_with_document(suite, TEXT)

            asyncio.run(make(tmp_path / "b", tmp_path / "data", with_keys=False, clock=SystemClock(), progress=progress))
            assert next(more, None) is None
        with sqlite3.connect(tmp_path / "b/intake.db") as file:
            named = {name for (pieces,) in file.execute("SELECT pieces FROM attachment") for name, _ in json.loads(pieces)}
        assert named
        assert {Path("objects", name) for name in named} <= _objects(tmp_path / "b").keys()

    def test_nobody_else_can_read_it(self, taken):
        folder, _, _ = taken
        everything = [folder / "open", *(folder / "open").rglob("*")]
        assert {oct(path.stat().st_mode & 0o777) for path in everything if path.is_dir()} == {oct(0o700)}
        assert {oct(path.stat().st_mode & 0o777) for path in everything if path.is_file()} == {oct(0o600)}

    def test_keys_are_in_it_only_when_asked_for(self, taken):
        folder, _, _ = taken
        assert (folder / "open/keys/sealing.json").read_bytes() == (folder / "data/keys/sealing.json").read_bytes()
        secret = json.loads((folder / "data/keys/sealing.json").read_text())
        for path in (folder / "sealed").rglob("*"):
            assert path.name != "keys"
            assert path.is_dir() or secret["pepper"].encode() not in path.read_bytes()


class TestBackup:
    def test_a_folder_that_is_there_is_not_touched(self, taken, tmp_path):
        with pytest.raises(BackupFailed, match="is there already"):
            backup(tmp_path, taken[0] / "data", with_keys=False, console=QUIET)

    def test_no_data_is_no_backup(self, tmp_path):
        with pytest.raises(BackupFailed, match="no keys"):
            backup(tmp_path / "backup", tmp_path / "nothing", with_keys=False, console=QUIET)
        assert not (tmp_path / "nothing").exists()

    def test_a_missing_store_is_named_and_leaves_nothing_behind(self, taken, tmp_path):
        data = shutil.copytree(taken[0] / "data", tmp_path / "data")
        (data / "routing.db").unlink()
        with pytest.raises(BackupFailed, match=r"routing\.db"):
            backup(tmp_path / "backup", data, with_keys=False, console=QUIET)
        assert {path.name for path in tmp_path.iterdir()} == {"data"}
        assert not (data / "routing.db").exists()

    def test_a_folder_of_objects_that_cannot_be_read_leaves_nothing_behind(self, taken, tmp_path):
        data = shutil.copytree(taken[0] / "data", tmp_path / "data")
        (data / "objects/loop").symlink_to("loop")
        with pytest.raises(BackupFailed, match="objects cannot be read"):
            backup(tmp_path / "backup", data, with_keys=False, console=QUIET)
        assert {path.name for path in tmp_path.iterdir()} == {"data"}

    def test_a_full_disk_is_reported_and_leaves_no_files(self, taken, tmp_path):
        with no_file_larger_than(50_000), pytest.raises(BackupFailed, match="disk"):
            backup(tmp_path / "backup", taken[0] / "data", with_keys=False, console=QUIET)
        assert list(tmp_path.iterdir()) == []

    def test_one_that_was_killed_never_looks_whole_and_the_next_one_clears_it_away(self, taken, tmp_path):
        data = taken[0] / "data"
        _killed("suite.backup.making.write_manifest", "backup", tmp_path / "b", "--data", data)
        assert [path.name for path in tmp_path.iterdir()] == ["b.partial"]
        with pytest.raises(RestoreRefused, match="not a whole backup"):
            restore(tmp_path / "b.partial", tmp_path / "data", replace=False, console=QUIET)
        backup(tmp_path / "b", data, with_keys=False, console=QUIET)
        assert [path.name for path in tmp_path.iterdir()] == ["b"]


class TestRestore:
    @pytest.mark.parametrize("part", ["intake.db", "events.db", "objects.jsonl"])
    def test_a_damaged_part_is_refused(self, sealed, tmp_path, part):
        with (sealed / part).open("r+b") as file:
            file.seek(500)
            file.write(b"?")
        self._refused(sealed, tmp_path / "data", f"{part} is not as it was written")

    def test_a_missing_part_is_refused(self, sealed, tmp_path):
        (sealed / "routing.db").unlink()
        self._refused(sealed, tmp_path / "data", r"routing\.db is missing")

    def test_a_damaged_object_is_refused(self, sealed, tmp_path):
        path = next((sealed / "objects").glob("*/*"))
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        self._refused(sealed, tmp_path / "data", f"{path.relative_to(sealed)} is not as it was written")

    def test_a_missing_object_is_refused(self, sealed, tmp_path):
        path = next((sealed / "objects").glob("*/*"))
        path.unlink()
        self._refused(sealed, tmp_path / "data", f"{path.relative_to(sealed)} is missing")

    def test_a_damaged_manifest_is_refused(self, sealed, tmp_path):
        (sealed / "manifest.json").write_text("{")
        self._refused(sealed, tmp_path / "data", "damaged")

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("format", 3, "format 3"),
            ("revisions", {"intake": "9999"}, "use a newer one"),
            ("databases", "postgresql", "the form it was taken from"),
            ("objects", {"bucket": "s3://documents"}, "the form it was taken from"),
            ("parts", [{"name": "../intake.db", "size": 0, "sha256": ""}], "damaged"),
        ],
    )
    def test_what_this_suite_cannot_hold_is_refused(self, sealed, tmp_path, field, value, sentence):
        manifest = json.loads((sealed / "manifest.json").read_text())
        (sealed / "manifest.json").write_text(json.dumps({**manifest, field: value}))
        self._refused(sealed, tmp_path / "data", sentence)

    def test_without_any_keys_it_says_where_to_put_them(self, sealed, tmp_path):
        self._refused(sealed, tmp_path / "data", "put the folder of keys there first")

    def test_other_keys_are_refused(self, sealed, tmp_path):
        load_or_create_keys(tmp_path / "data/keys")
        self._refused(sealed, tmp_path / "data", "not the keys of this backup")

    def test_the_keys_put_there_first_open_it(self, taken, sealed, tmp_path):
        data = tmp_path / "data"
        shutil.copytree(taken[0] / "data/keys", data / "keys")
        restore(sealed, data, replace=False, console=QUIET)
        assert json.loads((data / "keys.check").read_text()) == json.loads((taken[0] / "data/keys.check").read_text())

    def test_existing_data_is_not_replaced_without_the_option_and_moved_with_it(self, with_keys, tmp_path):
        data = tmp_path / "data"
        restore(with_keys, data, replace=False, console=QUIET)
        numbers = _numbers(data)
        with sqlite3.connect(data / "intake.db") as file:
            file.execute("UPDATE appeal SET number = number || 'x'")
        file.close()
        self._refused(with_keys, data, "--replace")
        restore(with_keys, data, replace=True, console=QUIET)
        assert _numbers(data) == numbers
        [former] = data.glob("replaced-*")
        assert _numbers(former) == {f"{number}x" for number in numbers}
        assert _objects(former) == _objects(data) == _objects(with_keys)

    def test_a_folder_of_objects_that_cannot_be_moved_stays_unchanged(self, with_keys, tmp_path, monkeypatch):
        monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path / "data/objects")
        self._refused(with_keys, tmp_path / "data", "mounted by itself", replace=True)

    def test_a_running_suite_is_left_alone(self, with_keys, tmp_path):
        with locked(tmp_path / "data"):
            self._refused(with_keys, tmp_path / "data", "is in use", replace=True)

    @pytest.mark.parametrize("step", ["put_in_place", "end"])
    def test_after_one_that_was_killed_no_suite_starts_until_another_is_through(self, with_keys, tmp_path, step):
        data = tmp_path / "data"
        _killed(f"suite.backup.sqlite.DataFolder.{step}", "restore", with_keys, "--data", data)
        with pytest.raises(FolderInUse, match="was broken off"), locked(data):
            pass
        restore(with_keys, data, replace=True, console=QUIET)
        with locked(data):
            assert _numbers(data)

    def _refused(self, folder, data, sentence, *, replace=False):
        before = sorted(data.rglob("*.db")) if data.exists() else []
        with pytest.raises(RestoreRefused, match=sentence):
            restore(folder, data, replace=replace, console=QUIET)
        assert (sorted(data.rglob("*.db")) if data.exists() else []) == before


class TestTheCommands:
    def test_they_say_what_they_did_and_what_is_next(self, taken, tmp_path):
        made = _aryz("backup", tmp_path / "b", "--data", taken[0] / "data", "--with-keys")
        assert made.exit_code == 0, made.stderr
        assert "events" in made.stdout
        assert "The keys are in it" in made.stdout
        restored = _aryz("restore", tmp_path / "b", "--data", tmp_path / "data")
        assert restored.exit_code == 0, restored.stderr
        assert "aryz verify" in restored.stdout
        refused = _aryz("restore", tmp_path / "b", "--data", tmp_path / "data")
        assert refused.exit_code == 1
        assert "there is data already" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_documents_in_a_bucket_stay_there_and_both_say_so(self, taken, tmp_path, monkeypatch):
        monkeypatch.setenv("ARYZ_OBJECTS_URL", "s3://documents/aryz")
        made = _aryz("backup", tmp_path / "b", "--data", taken[0] / "data", "--with-keys")
        assert made.exit_code == 0, made.stderr
        assert "The files of appeals are not in it: they are in s3://documents/aryz" in made.stdout
        assert not {path.name for path in (tmp_path / "b").iterdir()} & {"objects", "objects.jsonl"}
        restored = _aryz("restore", tmp_path / "b", "--data", tmp_path / "data")
        assert restored.exit_code == 0, restored.stderr
        assert "they were in s3://documents/aryz" in restored.stdout


def _aryz(*arguments):
    return CliRunner().invoke(cli.app, [str(each) for each in arguments])


def _killed(step, *arguments):
    """Run a command in a process that ends, as by a power cut, where it comes to `step`."""
    owner, _, name = step.rpartition(".")
    script = f"""
import os, pkgutil, signal
setattr(pkgutil.resolve_name({owner!r}), {name!r}, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
pkgutil.resolve_name("suite.cli.app")({[str(each) for each in arguments]!r})
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=LONG_PATIENCE, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
