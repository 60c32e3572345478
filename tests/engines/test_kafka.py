import asyncio
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import UnknownTopicOrPartitionError

from engines import EngineMissing, KafkaCluster
from engines.kafka import LIBRARIES, bring_libraries

PATIENCE = 60


@asynccontextmanager
async def _admin(bootstrap):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _new_topic(bootstrap, replicas=1):
    name = f"engines-{uuid4().hex}"
    async with _admin(bootstrap) as admin:
        answer = await admin.create_topics([NewTopic(name, 1, replicas)])
    assert [error[1] for error in answer.topic_errors] == [0]
    return name


async def _partition(bootstrap, topic):
    """Once the broker that is asked has heard of the new topic, and who leads it."""
    async with _admin(bootstrap) as admin, asyncio.timeout(PATIENCE):
        while True:
            (described,) = await admin.describe_topics([topic])
            if described["partitions"] and described["partitions"][0]["leader"] > 0:
                return described["partitions"][0]
            await asyncio.sleep(0.1)


async def _until_in_sync(cluster, topic):
    """A broker that came back counts for the promises of two copies only once it has caught up."""
    async with asyncio.timeout(PATIENCE):
        while sorted((await _partition(cluster.bootstrap, topic))["isr"]) != [1, 2, 3]:
            await asyncio.sleep(0.1)


async def _write(bootstrap, topic, value):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", request_timeout_ms=20_000)
    await producer.start()
    try:
        await asyncio.wait_for(producer.send_and_wait(topic, value, partition=0), PATIENCE)
    finally:
        await producer.stop()


async def _read_all(bootstrap, topic):
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await asyncio.wait_for(consumer.getone(), PATIENCE)).value for _ in range(end)]
    finally:
        await consumer.stop()


class TestOneBroker:
    async def test_a_record_survives_kill_9(self, kafka):
        topic = await _new_topic(kafka.bootstrap)
        await _write(kafka.bootstrap, topic, b"kept")

        kafka.kill(1)
        assert kafka.alive == ()
        await asyncio.to_thread(kafka.restart, 1)

        assert kafka.alive == (1,)
        assert await _read_all(kafka.bootstrap, topic) == [b"kept"]

    async def test_a_topic_is_never_made_by_asking_for_it(self, kafka):
        async with _admin(kafka.bootstrap) as admin:
            (described,) = await admin.describe_topics(["nobody-made-this"])
        assert described["error_code"] == UnknownTopicOrPartitionError.errno

    async def test_another_object_over_the_folder_finds_the_running_broker(self, kafka):
        again = KafkaCluster(kafka.folder)
        assert again.bootstrap == kafka.bootstrap
        assert again.pid(1) == kafka.pid(1)


class TestThreeBrokers:
    async def test_each_record_is_on_all_three_and_on_two_before_it_counts(self, kafka_cluster):
        topic = await _new_topic(kafka_cluster.bootstrap, replicas=3)
        assert sorted((await _partition(kafka_cluster.bootstrap, topic))["replicas"]) == [1, 2, 3]
        asked = ConfigResource(ConfigResourceType.TOPIC, topic, {"min.insync.replicas": None})
        async with _admin(kafka_cluster.bootstrap) as admin, asyncio.timeout(PATIENCE):
            while not (settings := (await admin.describe_configs([asked]))[0].resources[0][4]):
                await asyncio.sleep(0.1)  # the broker that was asked has not heard of the new topic yet
        assert settings[0][:2] == ("min.insync.replicas", "2")

    async def test_records_are_taken_while_the_leader_is_dead_or_a_follower_suspended(self, kafka_cluster):
        topic = await _new_topic(kafka_cluster.bootstrap, replicas=3)

        dead = (await _partition(kafka_cluster.bootstrap, topic))["leader"]
        kafka_cluster.kill(dead)
        assert kafka_cluster.alive == tuple(node for node in (1, 2, 3) if node != dead)
        await _write(kafka_cluster.bootstrap, topic, b"the leader is dead")
        await asyncio.to_thread(kafka_cluster.restart, dead)
        await _until_in_sync(kafka_cluster, topic)

        leader = (await _partition(kafka_cluster.bootstrap, topic))["leader"]
        suspended = next(node for node in kafka_cluster.nodes if node != leader)
        kafka_cluster.suspend(suspended)
        await _write(kafka_cluster.address(leader), topic, b"a follower is suspended")
        kafka_cluster.resume(suspended)

        assert kafka_cluster.alive == (1, 2, 3)
        assert await _read_all(kafka_cluster.bootstrap, topic) == [b"the leader is dead", b"a follower is suspended"]


class TestMissingParts:
    @pytest.fixture(autouse=True)
    def _an_empty_machine(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("JAVA_HOME", raising=False)

    @pytest.mark.skipif(not (LIBRARIES / "complete").exists(), reason="Kafka's libraries are not here")
    def test_without_java_the_package_is_named_and_nothing_is_left_behind(self, tmp_path):
        with pytest.raises(EngineMissing, match="apt-get install default-jre-headless"), KafkaCluster(tmp_path / "kafka"):
            pass
        assert not (tmp_path / "kafka").exists()

    def test_without_maven_the_package_is_named(self, tmp_path):
        with pytest.raises(EngineMissing, match="apt-get install maven"):
            bring_libraries(tmp_path / "libraries")


class TestLibraries:
    def test_libraries_that_are_complete_are_not_fetched_again(self, tmp_path, monkeypatch):
        shutil.copy(Path(__file__).parents[2] / "deploy" / "kafka" / "pom.xml", tmp_path / "complete")
        monkeypatch.setenv("PATH", "")
        assert bring_libraries(tmp_path) is False
