"""Start, stop or bring an engine: `python -m engines COMMAND [--folder .run]`; the commands are in COMMANDS.

Every command is idempotent.
"""

import argparse
import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from engines import environment, kafka, keycloak, objects
from engines.kafka import KafkaCluster
from engines.postgres import PostgresServer
from engines.processes import EngineDidNotStart, EngineMissing


class OtherEngineRuns(RuntimeError):
    """One broker runs and three were requested, or the reverse."""


def _print(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _start_kafka(folder: Path, brokers: Literal[1, 3]) -> None:
    cluster = KafkaCluster(folder / "engines" / "kafka", brokers=brokers)
    if len(cluster.nodes) != brokers:
        raise OtherEngineRuns(f"Kafka with {len(cluster.nodes)} broker(s) is here already: make kafka-stop first (its data go too)")
    has_run = cluster.alive == cluster.nodes
    cluster.start()
    environment.set_value(folder / "engines.env", environment.KAFKA, cluster.bootstrap)
    _print(f"Kafka {'already runs' if has_run else 'is ready'} on {cluster.bootstrap}")


def _start_postgres(folder: Path) -> None:
    server = PostgresServer(folder / "engines" / "postgres")
    has_run = server.process is not None
    server.start()
    environment.set_value(folder / "engines.env", environment.DATABASE, server.url)
    _print(f"PostgreSQL {'already runs' if has_run else 'is ready'} on {server.url.rpartition('@')[2]}")


def _stop_kafka(folder: Path) -> None:
    KafkaCluster(folder / "engines" / "kafka").remove()
    environment.remove_value(folder / "engines.env", environment.KAFKA)


def _stop_postgres(folder: Path) -> None:
    PostgresServer(folder / "engines" / "postgres").remove()
    environment.remove_value(folder / "engines.env", environment.DATABASE)


def _bring_libraries(_folder: Path) -> None:
    if kafka.bring_libraries():
        _print("Kafka's libraries are here")


def _bring_keycloak(_folder: Path) -> None:
    if keycloak.bring_keycloak():
        _print("Keycloak is here")


def _bring_objects(_folder: Path) -> None:
    if objects.bring_libraries():
        _print("the libraries of the S3 store are here")


COMMANDS: dict[str, Callable[[Path], None]] = {
    "kafka": lambda folder: _start_kafka(folder, 1),
    "kafka-cluster": lambda folder: _start_kafka(folder, 3),
    "postgres": _start_postgres,
    "stop-kafka": _stop_kafka,
    "stop-postgres": _stop_postgres,
    "kafka-libs": _bring_libraries,
    "keycloak-dist": _bring_keycloak,
    "objects-libs": _bring_objects,
}


def main() -> int:
    """Run one command; a lock allows one per folder at a time. A refusal is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(prog="engines", description="Apache Kafka and PostgreSQL on loopback, with throw-away data.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--folder", type=Path, default=Path(".run"), help="where data and engines.env are kept (default .run)")
    asked = parser.parse_args()
    os.umask(0o077)  # only this user may read data and logs of the engines
    asked.folder.mkdir(parents=True, exist_ok=True)
    with (asked.folder / "engines.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            COMMANDS[asked.command](asked.folder)
        except (EngineMissing, EngineDidNotStart, OtherEngineRuns) as refusal:
            sys.stderr.write(f"{refusal}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
