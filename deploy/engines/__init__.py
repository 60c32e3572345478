"""Apache Kafka, PostgreSQL and Keycloak on loopback for development, tests and benchmarks, with disposable data."""

from engines.kafka import KafkaCluster
from engines.keycloak import Keycloak
from engines.postgres import PostgresServer
from engines.processes import EngineDidNotStart, EngineMissing

__all__ = ["EngineDidNotStart", "EngineMissing", "KafkaCluster", "Keycloak", "PostgresServer"]
