"""No other user of the machine reads what the product keeps: keys, stores, files, what leaves, logs."""

import os
import stat

import pytest

from shared.private_files import secure_folder
from shared.settings import BadSettings
from suite import process


def _open_to_others(folder):
    """Each path of the tree that group or others can do anything with, and its mode."""
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode)) for path in paths if path.lstat().st_mode & 0o077}


@pytest.fixture
def left_open(tmp_path):
    """A data folder as an earlier version left it."""
    folder = tmp_path / "data"
    for each in (folder, folder / "outgoing", folder / "outgoing" / "2026-02-02"):
        each.mkdir()
        each.chmod(0o755)
    for name in ("intake.db", "suite.log", "outgoing/2026-02-02/1.txt.sealed"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    return folder


@pytest.fixture
def open_umask():
    former = os.umask(0o022)
    yield
    os.umask(former)


@pytest.mark.usefixtures("open_umask")
class TestSuite:
    def test_nothing_of_a_running_suite_is_open_to_others(self, left_open):
        environment = {"ARYZ_LOG_LEVEL": "INFO"}
        with process.running(left_open, environment=environment) as suite:
            assert {"intake.db-wal", "intake.db-shm", "events.db", "keys", "lock"} <= {path.name for path in left_open.iterdir()}
            assert _open_to_others(left_open) == {}
            assert "access of other users to files was removed" in suite.log.read_text()

    def test_a_new_folder_is_made_closed(self, tmp_path):
        with process.running(tmp_path / "new" / "data"):
            assert _open_to_others(tmp_path / "new" / "data") == {}


class TestSecureFolder:
    def test_what_is_not_the_products_stays_as_it_is(self, left_open):
        other = left_open / "public"
        other.mkdir()
        other.chmod(0o755)
        secure_folder(left_open)
        assert _open_to_others(left_open) == {"public": "0o755"}

    def test_a_link_leads_to_no_file_elsewhere(self, left_open, tmp_path):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        elsewhere.chmod(0o755)
        (left_open / "objects").symlink_to(elsewhere)
        (left_open / "outgoing" / "link").symlink_to(elsewhere)
        secure_folder(left_open)
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755

    def test_a_folder_of_all_users_is_refused(self, tmp_path):
        shared = tmp_path / "tmp"
        shared.mkdir()
        shared.chmod(0o1777)
        with pytest.raises(BadSettings, match="ARYZ_DATA"):
            secure_folder(shared)
