"""What the benchmarks stand on: engines of their own, fresh databases, and the processor time that each process took."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
from sqlalchemy.engine import make_url

from engines import KafkaCluster, PostgresServer
from shared import migrations
from shared.clock import SystemClock
from shared.database import Database, service_url
from shared.ids import RandomIds
from shared.service import Service
from shared.settings import ServiceSettings


@dataclass(frozen=True)
class Ground:
    """One broker and one server, and a folder for keys."""

    kafka: KafkaCluster
    postgres: PostgresServer
    data: Path

    def settings(self, prefix: str) -> ServiceSettings:
        return ServiceSettings(data=self.data, prefix=prefix, kafka_bootstrap=self.kafka.bootstrap, database_url=self.postgres.url)

    def environment(self, prefix: str) -> dict[str, str]:
        """The same, for a process."""
        return {
            "ARYZ_DATA": str(self.data),
            "ARYZ_PREFIX": prefix,
            "ARYZ_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "ARYZ_DATABASE_URL": self.postgres.url,
            "ARYZ_INTAKE_ANONYMOUS_PER_MINUTE": "0",  # one address sends everything
            "ARYZ_LOG_LEVEL": "WARNING",
        }

    def processes(self) -> Mapping[str, psutil.Process]:
        """The engines' first processes, by name."""
        postgres, broker = self.postgres.process, self.kafka.pid(1)
        assert postgres is not None
        assert broker is not None
        return {"postgres": postgres, "kafka": psutil.Process(broker)}


@contextmanager
def engines(folder: Path) -> Iterator[Ground]:
    """Both engines for the length of the block; what they kept goes with them."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    with KafkaCluster(folder / "kafka") as kafka, PostgresServer(folder / "postgres") as postgres:
        yield Ground(kafka, postgres, data)


async def fresh_database(service: Service, settings: ServiceSettings) -> str:
    """An empty database of the service's newest revision in place of any that was there; returns its address for asyncpg."""
    assert settings.database_url is not None
    url = service_url(settings.database_url, settings.data, service.name, settings.prefix)
    name = make_url(url).database
    server = await asyncpg.connect(urlsplit(settings.database_url)._replace(path="/postgres").geturl())
    try:
        await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await server.execute(f'CREATE DATABASE "{name}"')
    finally:
        await server.close()
    database = Database(url, service=service.name, clock=SystemClock(), ids=RandomIds())
    try:
        await migrations.migrate(database, service.package)
    finally:
        await database.close()
    return address(service, settings)


def address(service: Service, settings: ServiceSettings) -> str:
    """A service's database, for asyncpg."""
    url = make_url(service_url(settings.database_url, settings.data, service.name, settings.prefix))
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def processor_seconds(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Processor time so far of each with its children, those that ended too, by name."""
    return {name: sum(_seconds(each) for each in (process, *process.children(recursive=True))) for name, process in processes.items()}


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
