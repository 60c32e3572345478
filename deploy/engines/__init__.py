"""Apache Kafka and PostgreSQL on loopback for development, tests and benchmarks, with disposable data."""

from engines.kafka import KafkaCluster
from engines.postgres import PostgresServer
from engines.processes import EngineDidNotStart, EngineMissing

__all__ = ["EngineDidNotStart", "EngineMissing", "KafkaCluster", "PostgresServer"]
