"""Kafka, PostgreSQL, PgBouncer, Keycloak and an S3 store on loopback for development, tests and benchmarks, with disposable data."""

from engines.authority import Authority, Certificate
from engines.kafka import KafkaCluster, KafkaSecurity
from engines.keycloak import Keycloak
from engines.objects import ObjectServer
from engines.pooler import Pooler
from engines.postgres import PostgresServer
from engines.processes import Engine, EngineDidNotStart, EngineMissing

__all__ = [
    "Authority",
    "Certificate",
    "Engine",
    "EngineDidNotStart",
    "EngineMissing",
    "KafkaCluster",
    "KafkaSecurity",
    "Keycloak",
    "ObjectServer",
    "Pooler",
    "PostgresServer",
]
