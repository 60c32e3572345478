"""Topics are created with the required settings, refused with others, and identified by their ids."""

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts import APPEALS, ARTICLES, PARTITIONS, PROVIDERS
from shared.messaging import kafka_topics
from shared.messaging.kafka import KafkaLog
from shared.messaging.kafka_connection import Connection
from shared.messaging.log import LogError, LogReplaced

FOREVER = {"retention.ms": "-1"}


async def settings_of(admin, name: str) -> dict[str, str]:
    (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    return {entry[0]: entry[1] for entry in response.resources[0][4]}


class TestStart:
    async def test_absent_topics_are_made_to_keep_everything(self, log, admin, prefix):
        appeals = await settings_of(admin, f"{prefix}.{APPEALS}")
        assert (appeals["cleanup.policy"], appeals["retention.ms"], appeals["retention.bytes"]) == ("delete", "-1", "-1")
        assert appeals["unclean.leader.election.enable"] == "false"
        for compacted in (PROVIDERS, ARTICLES):
            assert (await settings_of(admin, f"{prefix}.{compacted}"))["cleanup.policy"] == "compact"
        assert await log.end_offsets(APPEALS) == dict.fromkeys(range(PARTITIONS), 0)

    async def test_of_three_brokers_two_must_hold_a_record_before_it_counts(self):
        assert kafka_topics.wanted_settings(APPEALS, replicas=3)["min.insync.replicas"] == "2"
        assert kafka_topics.wanted_settings(APPEALS, replicas=1)["min.insync.replicas"] == "1"

    @pytest.mark.parametrize(
        ("partitions", "settings", "message"),
        [
            (3, FOREVER, "3 partitions in place of 12"),
            (PARTITIONS, {}, "retention.ms=604800000 in place of -1.*kafka-configs"),
            (PARTITIONS, FOREVER | {"cleanup.policy": "compact"}, "cleanup.policy=compact in place of delete"),
            (PARTITIONS, FOREVER | {"unclean.leader.election.enable": "true"}, "unclean.leader.election.enable=true"),
        ],
    )
    async def test_a_topic_that_would_break_a_promise_is_refused_with_what_to_change(
        self, kafka, admin, prefix, partitions, settings, message
    ):
        name = f"{prefix}.{APPEALS}"
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        log = KafkaLog(Connection(kafka.bootstrap), prefix=prefix)
        with pytest.raises(LogError, match=message) as refused:
            await log.start()
        assert name in str(refused.value)
        await admin.delete_topics([name, f"{prefix}.{PROVIDERS}"])

    async def test_a_broker_that_never_answers_ends_the_wait_with_a_sentence(self, monkeypatch):
        monkeypatch.setattr(kafka_topics, "START_SECONDS", 1.0)
        with pytest.raises(LogError, match=r"127.0.0.1:9.*ARYZ_KAFKA_BOOTSTRAP.*start it, or correct the address"):
            await KafkaLog(Connection("127.0.0.1:9")).start()

    async def test_a_prefix_keeps_logs_apart(self, log, kafka):
        other = KafkaLog(Connection(kafka.bootstrap), prefix=log._prefix + "x")
        await other.start()
        assert await other.topic_id(APPEALS) != await log.topic_id(APPEALS)
        await other.stop()


class TestTopicId:
    async def test_a_topic_made_again_has_another_id_and_one_that_is_gone_says_so(self, log, admin, prefix, eventually):
        before = await log.topic_id(APPEALS)
        await admin.delete_topics([f"{prefix}.{APPEALS}"])

        async def is_gone() -> bool:
            try:
                return not await log.topic_id(APPEALS)
            except LogReplaced as gone:
                return "restore" in str(gone)

        await eventually(is_gone)
        await admin.create_topics([NewTopic(f"{prefix}.{APPEALS}", PARTITIONS, 1, topic_configs=FOREVER)])
        assert await log.topic_id(APPEALS) != before
