import asyncpg
import pytest

from engines import EngineMissing, PostgresServer
from engines import postgres as postgres_module
from tests.patience import PATIENCE


async def _connect(server):
    return await asyncpg.connect(f"{server.url}/postgres", timeout=PATIENCE)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A server as durable as in production; that of the run's other tests does not wait for the disk."""
    with PostgresServer(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def server(postgres):
    """The server, which a test may kill, suspend and restart."""
    yield postgres
    postgres.resume()
    postgres.start()


class TestServer:
    async def test_it_is_as_durable_as_in_production_and_logs_no_statement(self, postgres):
        connection = await _connect(postgres)
        wanted = {
            "fsync": "on",
            "synchronous_commit": "on",
            "listen_addresses": "127.0.0.1",
            "max_connections": "200",
            "log_statement": "none",
        }
        said = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in wanted}
        await connection.close()
        assert said == wanted

    async def test_nobody_enters_without_the_password(self, postgres):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://aryz:wrong@{postgres.url.rpartition('@')[2]}/postgres", timeout=PATIENCE)

    async def test_what_was_committed_survives_kill_9(self, server):
        connection = await _connect(server)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
        connection.terminate()
        address = server.url

        server.kill()
        assert server.process is None
        server.start()

        assert server.url == address
        connection = await _connect(server)
        assert await connection.fetchval("SELECT value FROM kept") == 1
        await connection.execute("DROP TABLE kept")
        await connection.close()

    async def test_a_restart_breaks_sessions_off_and_takes_new_ones(self, server):
        before = await _connect(server)
        server.restart()
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError)):
            await before.fetchval("SELECT 1")
        after = await _connect(server)
        assert await after.fetchval("SELECT 1") == 1
        await after.close()

    async def test_a_suspended_server_does_not_answer_until_resumed(self, server):
        connection = await _connect(server)
        server.suspend()
        with pytest.raises(TimeoutError):
            await asyncpg.connect(f"{server.url}/postgres", timeout=0.3)
        server.resume()
        assert await connection.fetchval("SELECT 1", timeout=PATIENCE) == 1
        await connection.close()


class TestMissingParts:
    def test_without_postgresql_the_package_is_named_and_nothing_is_left_behind(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(postgres_module, "DEBIAN", tmp_path)
        server = PostgresServer(tmp_path / "postgres")
        with pytest.raises(EngineMissing, match="apt-get install postgresql"), server:
            pass
        assert not server.folder.exists()
