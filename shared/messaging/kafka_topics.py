"""The topics of a Kafka cluster: created when missing, checked at every start, and identified by the ids that Kafka assigns.

aiokafka supports Kafka's metadata request up to version 5, which has no topic ids. Version 10 has them and is defined here.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    NodeNotReadyError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import AbstractType, Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from shared.contracts import COMPACTED, PARTITIONS, TOPICS
from shared.messaging.kafka_connection import Connection, refusal
from shared.messaging.log import LogError, LogReplaced, Position

REPLICAS = 3  # copies, where there are as many brokers; one broker may then fail while two store every record
POLL_SECONDS = 0.05
START_SECONDS = 30.0  # covers a cluster that is starting as well
RETRY_SECONDS = 0.5
TRIES = 6
REFUSALS = 3  # one after the other; a broker that is starting does not know every password yet
LED_SECONDS = 15.0  # the partitions of a new topic have leaders within this time


class _TopicId(AbstractType[UUID]):  # type: ignore[misc]  # aiokafka ships no types
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_NAME = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), _TAGS)),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _NAME),
                ("topic_id", _TopicId),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("topic_operations", Int32),
                _TAGS,
            ),
        ),
        ("cluster_operations", Int32),
        _TAGS,
    )


class _MetadataRequestV10(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _TopicId), ("name", _NAME), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        _TAGS,
    )


class _MetadataRequest(Request[_MetadataRequestV10]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, names: Iterable[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> _MetadataRequestV10:
        topics: list[tuple[UUID, str, dict[int, bytes]]] = [(UUID(int=0), name, {}) for name in self._names]
        return request_struct_class(topics, False, False, False, {})


class KafkaTopics:
    """The log's topics in one cluster: their names there and their current state."""

    def __init__(self, connection: Connection, *, prefix: str, replication: int | None) -> None:
        self._connection = connection
        self._physical = {topic: f"{prefix}.{topic}" if prefix else topic for topic in TOPICS}
        self._logical = {name: topic for topic, name in self._physical.items()}
        self._replication = replication
        self._client: AIOKafkaClient | None = None

    async def start(self) -> None:
        """Wait for the cluster, create missing topics and check the others. Raises LogError with a sentence that says what to do."""
        self._client = AIOKafkaClient(**self._connection.arguments(client_id="aryz"))
        reason = "no answer"
        refusals = 0
        try:
            async with asyncio.timeout(START_SECONDS):
                while True:
                    try:
                        await self._client.bootstrap()
                        await make_ready(self._client, self._connection, list(self._logical), self._replication)
                    except (KafkaError, OSError) as error:
                        reason = str(error)
                        refused = await refusal(self._connection)
                        refusals = refusals + 1 if refused else 0
                        if refused and refusals == REFUSALS:
                            raise LogError(f"Kafka at {self._connection.bootstrap} cannot be used: {refused}") from None
                        await asyncio.sleep(RETRY_SECONDS)
                    else:
                        return
        except TimeoutError:
            raise LogError(
                f"Kafka at {self._connection.bootstrap} (ARYZ_KAFKA_BOOTSTRAP) did not answer within {START_SECONDS:.0f} s: {reason}; "
                f"start it, or correct the address or ARYZ_KAFKA_SECURITY_PROTOCOL ({self._connection.protocol})"
            ) from None

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.close()

    def name(self, topic: str) -> str:
        """Return the name of a topic in the cluster, which includes the prefix."""
        return self._physical[topic]

    def topic(self, name: str) -> str:
        """Return the topic of a name in the cluster."""
        return self._logical[name]

    def partition(self, position: Position) -> TopicPartition:
        return TopicPartition(self._physical[position[0]], position[1])

    def position(self, partition: TopicPartition) -> Position:
        return (self._logical[partition.topic], partition.partition)

    def partitions(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(self._physical[topic], number) for number in range(PARTITIONS)]

    async def ids(self, topics: Iterable[str]) -> Mapping[str, str]:
        """Return the ids that Kafka assigned to the topics at creation.

        Raises:
            LogReplaced: a topic is missing.
            KafkaError: the cluster does not answer.
        """
        if self._client is None:
            raise LogError("the log is not started")
        names = [self._physical[topic] for topic in topics]
        found = await described(self._client, names)
        if missing := [name for name in names if name not in found]:
            raise LogReplaced(f"{', '.join(missing)} is gone from Kafka; restore it with its records, or log and database from one backup")
        return {self._logical[name]: topic.id for name, topic in found.items()}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster describes it."""

    id: str
    partitions: int
    replicas: int
    has_leaders: bool


async def describe(client: AIOKafkaClient, names: Iterable[str]) -> Mapping[str, Topic]:
    """Return those of the topics that exist, by name.

    Raises:
        KafkaError: the cluster does not answer, or access is denied.
    """
    response = await client.send(client.get_random_node(), _MetadataRequest(names))
    found = {}
    for error_code, name, topic_id, _, partitions, *_ in response.topics:
        error = for_code(error_code)
        if error is UnknownTopicOrPartitionError:
            continue
        if error is not NoError:
            raise error(name)
        replicas = min((len(partition[4]) for partition in partitions), default=0)
        found[name] = Topic(str(topic_id), len(partitions), replicas, all(partition[2] >= 0 for partition in partitions))
    return found


async def make_ready(client: AIOKafkaClient, connection: Connection, names: Sequence[str], replication: int | None) -> None:
    """Create missing topics and refuse topics whose settings endanger ordering or durability.

    Raises:
        LogError: a topic cannot be created or its settings are wrong; the sentence says what to change.
        KafkaError: the cluster does not answer.
    """
    admin = AIOKafkaAdminClient(**connection.arguments())
    try:
        await admin.start()
        present = await describe(client, names)
        if absent := [name for name in names if name not in present]:
            await _create(admin, client, absent, replication)
        topics = await _led(client, names)
        for name, topic in topics.items():
            _check(name, topic, await _settings(admin, name), replication)
    finally:
        await admin.close()


def wanted_settings(name: str, replicas: int) -> dict[str, str]:
    """Return the required settings of a topic by Kafka's names: records are never deleted, and an acknowledged record has a copy."""
    is_compacted = name.endswith(tuple(COMPACTED))  # in the cluster the name has a prefix
    retention: dict[str, str] = {"cleanup.policy": "compact"} if is_compacted else {"cleanup.policy": "delete", "retention.ms": "-1"}
    return {
        **retention,
        "retention.bytes": "-1",
        "min.insync.replicas": str(min_insync(replicas)),
        "unclean.leader.election.enable": "false",
    }


def min_insync(replicas: int) -> int:
    """Return how many in-sync copies a record needs to be acknowledged."""
    return 2 if replicas >= REPLICAS else 1


async def described(client: AIOKafkaClient, names: Sequence[str]) -> Mapping[str, Topic]:
    """Call `describe`, and retry while a broker is down or does not know a topic yet."""
    for _ in range(TRIES):
        try:
            found = await describe(client, names)
        except KafkaError as error:
            if not error.retriable:
                raise
        else:
            if len(found) == len(names):
                return found
        await asyncio.sleep(RETRY_SECONDS)
    return await describe(client, names)


async def _create(admin: AIOKafkaAdminClient, client: AIOKafkaClient, names: Sequence[str], replication: int | None) -> None:
    if client.cluster.controller is None:  # no broker has registered yet; aiokafka would look for its id without asking
        raise NodeNotReadyError("no controller is known yet")
    replicas = replication or min(REPLICAS, len(client.cluster.brokers()))
    new = [NewTopic(name, PARTITIONS, replicas, topic_configs=wanted_settings(name, replicas)) for name in names]
    response = await admin.create_topics(new)
    for name, error_code, message, *_ in response.topic_errors:
        error = for_code(error_code)
        if error is InvalidReplicationFactorError or error.retriable:  # brokers are still starting
            raise error(message)
        if error not in (NoError, TopicAlreadyExistsError):  # another process created it first; it is checked like any other
            raise LogError(f"Kafka refused to create the topic {name}: {message or error.__name__}; create it or grant the right to do so")


async def _led(client: AIOKafkaClient, names: Sequence[str]) -> Mapping[str, Topic]:
    """Wait until every partition has a leader and return the topics. Leader election for a new topic takes a moment."""
    try:
        async with asyncio.timeout(LED_SECONDS):
            while True:
                topics = await describe(client, names)
                if len(topics) == len(names) and all(topic.has_leaders for topic in topics.values()):
                    return topics
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise LogError(f"some partitions of {', '.join(names)} have no leader; are all brokers running?") from None


async def _settings(admin: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    found: dict[str, str] = {}
    for error_code, message, _, _, entries in response.resources:
        error = for_code(error_code)
        if error.retriable:  # this broker does not know the topic yet
            raise error(name)
        if error is not NoError:
            raise LogError(f"Kafka refused to show the settings of {name}: {message or error.__name__}; grant the right to read them")
        found.update({entry[0]: entry[1] for entry in entries})
    return found


def _check(name: str, topic: Topic, settings: Mapping[str, str], replication: int | None) -> None:
    faults = []
    if topic.partitions != PARTITIONS:
        faults.append(f"{topic.partitions} partitions in place of {PARTITIONS} (key order depends on it; create the topic again)")
    if replication and topic.replicas < replication:
        faults.append(f"{topic.replicas} replicas in place of {replication}")
    wanted = wanted_settings(name, topic.replicas)
    if (insync := settings.get("min.insync.replicas", "")).isdigit() and int(insync) >= min_insync(topic.replicas):
        del wanted["min.insync.replicas"]
    faults += [f"{key}={settings.get(key)} in place of {value}" for key, value in wanted.items() if settings.get(key) != value]
    if faults:
        raise LogError(f"the topic {name} has {'; '.join(faults)}; change it with kafka-topics or kafka-configs, then start again")
