"""The engines as a fund runs them: Kafka with TLS and passwords, PostgreSQL with TLS behind PgBouncer, S3 with checked signatures."""

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engines import Authority, Engine, KafkaCluster, KafkaSecurity, ObjectServer, Pooler, PostgresServer
from suite.process import UNLIMITED

ROLE = "aryz"
PREFIX = "secured"


class SecuredEngines(Engine):
    """The engines, and the settings of processes that use them. `client` is a certificate for Kafka."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._authority = authority = Authority()
        self.kafka_password = secrets.token_urlsafe(18)
        self.kafka = KafkaCluster(
            folder / "kafka", security=KafkaSecurity(authority.pem, authority.issue("kafka"), ROLE, self.kafka_password)
        )
        self.postgres = PostgresServer(folder / "postgres", synced=False, certificate=authority.issue("postgres"))
        self.objects = ObjectServer(folder / "objects", certificate=authority.issue("objects"))
        self.client = authority.issue("client")
        self.ca = folder / "ca.pem"
        self.stranger = folder / "stranger.pem"
        self.pgbouncer: Pooler | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca.write_bytes(self._authority.pem)
        self.stranger.write_bytes(Authority("Another authority").pem)
        with ThreadPoolExecutor() as pool:
            for started in [pool.submit(engine.start) for engine in (self.kafka, self.postgres, self.objects)]:
                started.result()
        self.pgbouncer = self.pooler(self.folder / "pooler")
        self.pgbouncer.start()

    def kill_all(self) -> None:
        for engine in (self.pgbouncer, self.kafka, self.postgres, self.objects):
            if engine is not None:
                engine.remove()

    def pooler(self, folder: Path, **more: Any) -> Pooler:
        """Return another PgBouncer in front of the server, not yet started."""
        certificate = self._authority.issue("pooler")
        return Pooler(folder, self.postgres.url, authority=self._authority.pem, certificate=certificate, **more)

    @property
    def pooled_url(self) -> str:
        """Return the server's address through PgBouncer, without TLS."""
        assert self.pgbouncer is not None
        return self.pgbouncer.url

    @property
    def secrets(self) -> list[str]:
        """Return what no log may contain."""
        return [self.kafka_password, self.objects.secret, self.postgres.url.partition("@")[0].rpartition(":")[2]]

    def over_tls(self, url: str, authority: Path | None = None) -> str:
        return f"{url}?sslmode=verify-full&sslrootcert={authority or self.ca}"

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings of the processes."""
        return UNLIMITED | {
            "ARYZ_PREFIX": PREFIX,
            "ARYZ_DATABASE_URL": self.over_tls(self.pooled_url),
            "ARYZ_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "ARYZ_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "ARYZ_KAFKA_SASL_USERNAME": ROLE,
            "ARYZ_KAFKA_SASL_PASSWORD": self.kafka_password,
            "ARYZ_KAFKA_CA_FILE": str(self.ca),
            "ARYZ_OBJECTS_URL": f"s3://{self.objects.bucket}/appeals",
            "ARYZ_OBJECTS_CA_FILE": str(self.ca),
            "AWS_ENDPOINT_URL": self.objects.endpoint,
            "AWS_REGION": "kz-1",
            "AWS_ACCESS_KEY_ID": self.objects.identity,
            "AWS_SECRET_ACCESS_KEY": self.objects.secret,
        }

    @property
    def direct_settings(self) -> dict[str, str]:
        """Return the settings of a backup: the server itself instead of PgBouncer."""
        return self.settings | {"ARYZ_DATABASE_URL": self.over_tls(self.postgres.url)}


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Give this process the settings for the duration of the block."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield
