"""Real engines on loopback for development, tests and benchmarks: Apache Kafka and PostgreSQL, with throw-away data."""

from engines.kafka import KafkaCluster
from engines.postgres import PostgresServer
from engines.processes import EngineDidNotStart, EngineMissing

__all__ = ["EngineDidNotStart", "EngineMissing", "KafkaCluster", "PostgresServer"]
