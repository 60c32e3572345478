"""Objects are backed up unchanged while others are written and deleted."""

import resource
import shutil
from contextlib import contextmanager

import pytest

from suite.backup.manifest import BackupFailed
from suite.backup.objects import copy_objects
from tests.intake.attachments.test_api import peak_kb


@pytest.fixture
def data(tmp_path):
    for name in ("aa/1", "aa/2", "bb/1"):
        _store_object(tmp_path / "data", name, name.encode())
    return tmp_path / "data"


@pytest.fixture
def into(tmp_path):
    (tmp_path / "backup").mkdir()
    return tmp_path / "backup"


def _store_object(data, name, content):
    path = data / "objects" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _copied(folder):
    return {str(path.relative_to(folder / "objects")): path.read_bytes() for path in folder.glob("objects/*/*")}


def _nothing(_done, _total):
    """Nobody watches."""


@contextmanager
def no_file_larger_than(size):
    """As on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestCopyObjects:
    def test_every_object_is_copied_counted_and_listed(self, data, into):
        copied, listed = copy_objects(data, into, _nothing)
        assert _copied(into) == {name: name.encode() for name in ("aa/1", "aa/2", "bb/1")}
        assert (copied.count, copied.size) == (3, 12)
        assert listed.size == (into / listed.name).stat().st_size
        assert len((into / listed.name).read_text().splitlines()) == 3

    def test_one_that_is_being_written_is_none_yet(self, data, into):
        _store_object(data, "cc/1#7", b"half of it")
        copied, _ = copy_objects(data, into, _nothing)
        assert copied.count == 3
        assert not any("#" in name for name in _copied(into))

    def test_what_goes_away_meanwhile_is_left_out(self, data, into):
        copied, listed = copy_objects(data, into, lambda _done, _total: shutil.rmtree(data / "objects", ignore_errors=True))
        assert copied.count == len(_copied(into)) == len((into / listed.name).read_text().splitlines()) == 1

    def test_none_at_all_is_no_failure_but_no_folder_of_them_is(self, data, into, tmp_path):
        shutil.rmtree(data / "objects")
        with pytest.raises(BackupFailed, match="mount them"):
            copy_objects(data, into, _nothing)
        (data / "objects").mkdir()
        (tmp_path / "another").mkdir()
        assert copy_objects(data, tmp_path / "another", _nothing)[0].count == 0

    def test_a_full_disk_is_reported_with_the_name_of_the_object(self, data, into):
        _store_object(data, "aa/3", bytes(100_000))
        with no_file_larger_than(50_000), pytest.raises(BackupFailed, match="aa/3 cannot be copied"):
            copy_objects(data, into, _nothing)

    def test_memory_does_not_grow_with_them(self, data, into):
        _store_object(data, "aa/3", bytes(64 * 2**20))
        before = peak_kb(anew=True)
        copy_objects(data, into, _nothing)
        assert peak_kb() - before < 16_000
