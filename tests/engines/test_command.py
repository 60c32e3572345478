"""`python -m engines` as people and Makefiles call it, over a folder of the test."""

import stat
import subprocess
import sys

import pytest

from engines import KafkaCluster, PostgresServer
from tests.patience import LONG_PATIENCE

OTHER = "SOMETHING_ELSE=kept"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "engines.env").write_text(f"{OTHER}\n")
    yield tmp_path
    assert _engines("stop-kafka", tmp_path).returncode == 0
    assert _engines("stop-postgres", tmp_path).returncode == 0


def _engines(command, folder):
    return subprocess.run(
        [sys.executable, "-m", "engines", command, "--folder", str(folder)],
        capture_output=True,
        text=True,
        timeout=LONG_PATIENCE,
        check=False,
    )


def _lines(folder):
    return (folder / "engines.env").read_text().splitlines()


@pytest.mark.usefixtures("kafka")  # says whether there is one to be had
class TestKafka:
    def test_a_repeat_changes_nothing_three_brokers_in_addition_to_one_are_refused_and_stop_removes_all(self, folder):
        first = _engines("kafka", folder)
        cluster = KafkaCluster(folder / "engines" / "kafka")
        pid = cluster.pid(1)
        again = _engines("kafka", folder)
        three = _engines("kafka-cluster", folder)

        assert (first.returncode, first.stdout) == (0, f"Kafka is ready on {cluster.bootstrap}\n")
        assert (again.returncode, again.stdout) == (0, f"Kafka already runs on {cluster.bootstrap}\n")
        assert (three.returncode, three.stdout) == (1, "")
        assert "make kafka-stop first" in three.stderr
        assert pid is not None
        assert cluster.pid(1) == pid
        assert _lines(folder) == [OTHER, f"ARYZ_KAFKA_BOOTSTRAP={cluster.bootstrap}"]

        stopped = _engines("stop-kafka", folder)

        assert stopped.returncode == 0
        assert cluster.alive == ()
        assert not cluster.folder.exists()
        assert _lines(folder) == [OTHER]


@pytest.mark.usefixtures("postgres")
class TestPostgres:
    def test_twice_is_as_once_and_a_stop_takes_all_back(self, folder):
        first = _engines("postgres", folder)
        server = PostgresServer(folder / "engines" / "postgres")
        process = server.process
        again = _engines("postgres", folder)

        address = server.url.rpartition("@")[2]
        assert (first.returncode, first.stdout) == (0, f"PostgreSQL is ready on {address}\n"), "the password stays out of what is said"
        assert (again.returncode, again.stdout) == (0, f"PostgreSQL already runs on {address}\n")
        assert process is not None
        assert server.process == process
        assert _lines(folder) == [OTHER, f"ARYZ_DATABASE_URL={server.url}"]
        assert stat.S_IMODE((folder / "engines.env").stat().st_mode) == 0o600

        stopped = _engines("stop-postgres", folder)

        assert stopped.returncode == 0
        assert server.process is None
        assert not server.folder.exists()
        assert _lines(folder) == [OTHER]


class TestStop:
    @pytest.mark.parametrize("command", ["stop-kafka", "stop-postgres"])
    def test_stopping_what_does_not_run_is_no_error(self, tmp_path, command):
        stopped = _engines(command, tmp_path)
        assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, "", "")

    @pytest.mark.usefixtures("postgres")
    def test_the_file_goes_with_its_last_line(self, tmp_path):
        assert _engines("postgres", tmp_path).returncode == 0
        assert _engines("stop-postgres", tmp_path).returncode == 0
        assert not (tmp_path / "engines.env").exists()
