import os

import pytest

from suite.lock import FolderInUse, locked


class TestLocked:
    def test_a_second_holder_gets_the_process_of_the_first(self, tmp_path):
        with locked(tmp_path), pytest.raises(FolderInUse, match=f"process {os.getpid()} "), locked(tmp_path):
            pass

    def test_it_is_free_again_afterwards(self, tmp_path):
        with locked(tmp_path):
            pass
        with locked(tmp_path):
            assert (tmp_path / "lock").read_text() == str(os.getpid())
