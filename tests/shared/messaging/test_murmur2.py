"""Kafka's hash of a key, as aiokafka computes it."""

from random import Random

import pytest
from aiokafka.partitioner import murmur2 as of_the_client

from shared.messaging.murmur2 import murmur2


@pytest.mark.parametrize("length", range(41))
def test_it_is_the_clients_hash_for_every_length(length):
    texts = Random(length)
    for key in (texts.randbytes(length) for _ in range(50)):
        assert murmur2(key) == of_the_client(key)
