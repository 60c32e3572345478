"""The topic model: how likely a text is a question, and about which topic.

Its file is written by `python -m topic_training` from the training texts of the repository: a header line in JSON, then the rarity of each
bucket as an unsigned byte and the weights of each bucket for each class as signed bytes, compressed.
"""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from intake.suggestions.service.features import BUCKETS
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

FILE: Final = "topic_model.bin"


class TopicShares(NamedTuple):
    """Probabilities: of each topic for a question, and that the text is a complaint, a report, an emergency or a protected matter."""

    topics: Mapping[str, float]
    no_question: float


@dataclass(frozen=True, eq=False)
class TopicModel:
    """Logistic regressions over the features of a text: one for each topic, and last the one of what is no question.

    `weights`: buckets by classes. `units` (by class) and `rarity_unit` scale the stored bytes.
    """

    version: str
    classes: Sequence[str]
    bias: Sequence[float]
    units: Sequence[float]
    rarity_unit: float
    rarity: bytes
    weights: npt.NDArray[np.int8]

    @classmethod
    def of(cls, content: bytes) -> "TopicModel":
        """Return the model of a file. Raises ReferenceDataError if its parts do not fit each other or the taxonomy."""
        head, _, packed = content.partition(b"\n")
        header, body = json.loads(head), zlib.decompress(packed)
        rarity, weights = body[:BUCKETS], np.frombuffer(body, np.int8, offset=BUCKETS)
        classes = header["classes"]
        if len(weights) != BUCKETS * (len(classes) + 1) or set(classes) != taxonomy().topics.keys():
            raise ReferenceDataError(FILE, 1, "the model does not fit the topics: train it again")
        return cls(header["version"], classes, header["bias"], header["units"], header["rarity_unit"], rarity, weights.reshape(BUCKETS, -1))

    def file(self) -> bytes:
        """Return the content of the file of this model."""
        names = ("version", "classes", "bias", "units", "rarity_unit")
        header = json.dumps({name: getattr(self, name) for name in names}).encode()
        return header + b"\n" + zlib.compress(self.rarity + self.weights.tobytes(), 9)

    def rarities(self, features: Sequence[int]) -> dict[int, float]:
        """Return the features that the training texts have, with their inverse document frequency."""
        rarity, unit = self.rarity, self.rarity_unit
        return {feature: rarity[feature] * unit for feature in features if rarity[feature]}

    def judge(self, known: Mapping[int, float]) -> TopicShares:
        """Return the probabilities of a text with these features (`rarities`)."""
        *scores, no_question = self._scores(known)
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        whole = sum(powers)
        topics = {name: power / whole for name, power in zip(self.classes, powers, strict=True)}
        return TopicShares(topics, 1 / (1 + math.exp(-no_question)))

    def _scores(self, known: Mapping[int, float]) -> list[float]:
        length = math.sqrt(sum(value * value for value in known.values())) or 1.0
        rows = np.fromiter(known, np.intp, len(known))
        sums = self.weights.take(rows, axis=0).sum(axis=0, dtype=np.int64).tolist()
        return [bias + total * unit / length for bias, total, unit in zip(self.bias, sums, self.units, strict=True)]


@cache
def topic_model() -> TopicModel:
    """Return the model, read once per process. Raises ReferenceDataError for a file that does not fit."""
    return TopicModel.of(files("intake.suggestions").joinpath(f"data/{FILE}").read_bytes())
