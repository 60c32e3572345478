"""The hash by which Kafka's default partitioner chooses a partition. One machine needs it without a Kafka client."""

from typing import Final

SEED: Final = 0x9747B28C
FACTOR: Final = 0x5BD1E995
MASK: Final = 0xFFFFFFFF
WORD: Final = 4  # bytes


def murmur2(data: bytes) -> int:
    """Return the 32-bit MurmurHash2 of `data` under Kafka's seed, unsigned."""
    length = len(data)
    whole = length - length % WORD
    state = SEED ^ length
    for start in range(0, whole, WORD):
        word = int.from_bytes(data[start : start + WORD], "little") * FACTOR & MASK
        state = (state * FACTOR ^ (word ^ word >> 24) * FACTOR) & MASK
    if rest := data[whole:]:
        state = (state ^ int.from_bytes(rest, "little")) * FACTOR & MASK
    state = (state ^ state >> 13) * FACTOR & MASK
    return state ^ state >> 15
