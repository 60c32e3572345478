"""`python -m topic_training`: train the topic model of the suggestions from the training texts. The same texts give the same bytes.

Logistic regressions by stochastic gradient descent: of the topics of consultations, trained on questions alone, and of what is no
question: complaints, reports, requests, emergencies, protected matters, and what concerns neither the Fund nor care.
"""

import math
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from intake.suggestions.service.features import BUCKETS, features_of
from intake.suggestions.service.topics import FILE, TopicModel

Floats = npt.NDArray[np.float64]

ROOT: Final = Path(__file__).parents[3]
TEXTS: Final = ROOT / "services" / "routing" / "training" / "texts"
DATA: Final = ROOT / "services" / "intake" / "intake" / "suggestions" / "data"
QUESTION: Final = "CONSULTATION"
NO_QUESTION: Final = "-"
NO_QUESTIONS: Final = frozenset({"COMPLAINT", "REPORT", "REQUEST", "OTHER", "urgent", "protected"})
SECOND_CODES: Final = re.compile(r"\s*\{(?P<codes>[A-Z_ ]+)\}$")
EPOCHS: Final = 14
RATE: Final = 5.0
FEWEST: Final = 2  # texts that have a feature
LARGEST: Final = 0.9999  # the few weights that are larger are cut
BIAS_RATE: Final = 0.05
SEED: Final = 1
SIGNED, UNSIGNED = 127, 255


class Example(NamedTuple):
    """A training text and its class."""

    label: str
    text: str


def examples(folder: Path = TEXTS) -> Iterator[Example]:
    """Yield the training texts that have a class here: a heading `# KIND SUBJECT` is followed by its texts, one a line.

    A text that a second reader could have taken for a question (`… {CONSULTATION}`) is none of those that are no question.
    """
    for file in sorted(folder.glob("*.txt")):
        label = None
        for line in map(str.strip, file.read_text(encoding="utf-8").splitlines()):
            if line.startswith("#"):
                kind, *subjects = line[1:].split()
                label = NO_QUESTION if kind in NO_QUESTIONS else subjects[0].split("|")[0] if kind == QUESTION else None
            elif line and label:
                second = SECOND_CODES.search(line)
                if label != NO_QUESTION or second is None or QUESTION not in second["codes"].split():
                    yield Example(label, SECOND_CODES.sub("", line))


def train(texts: Sequence[Example]) -> TopicModel:
    """Return the model of these texts."""
    classes = sorted({example.label for example in texts} - {NO_QUESTION})
    found = [features_of(example.text) for example in texts]
    seen = Counter(feature for features in found for feature in features)
    rarity = {feature: math.log(len(texts) / number) for feature, number in seen.items() if number >= FEWEST}
    vectors = [_normed({feature: rarity[feature] for feature in features if feature in rarity}) for features in found]
    asked = [number for number, example in enumerate(texts) if example.label != NO_QUESTION]
    topics, bias = _descend([vectors[number] for number in asked], [classes.index(texts[number].label) for number in asked], len(classes))
    kinds, kind_bias = _descend(vectors, [int(example.label == NO_QUESTION) for example in texts], 2)
    weights = np.column_stack((topics, kinds[:, 1] - kinds[:, 0]))
    digest = sha256("\n".join(f"{label}\t{text}" for label, text in texts).encode()).hexdigest()
    return _packed(digest[:12], classes, rarity, weights, [*bias, kind_bias[1] - kind_bias[0]])


def _normed(vector: Mapping[int, float]) -> list[tuple[int, float]]:
    length = math.sqrt(sum(value * value for value in vector.values())) or 1.0
    return [(feature, value / length) for feature, value in vector.items()]


def _descend(vectors: Sequence[Sequence[tuple[int, float]]], labels: Sequence[int], width: int) -> tuple[Floats, Floats]:
    """Return weights by bucket and class, and the bias of each class."""
    weights, bias = np.zeros((BUCKETS, width)), np.zeros(width)
    parts = [(np.array([part[0] for part in vector], np.intp), np.array([part[1] for part in vector])) for vector in vectors]
    shuffled, order = random.Random(SEED), list(range(len(vectors)))  # noqa: S311 - the same order in every run
    for epoch in range(EPOCHS):
        shuffled.shuffle(order)
        rate = RATE / (1 + epoch / 2)
        for number in order:
            features, values = parts[number]
            scores = values @ weights[features] + bias
            powers = np.exp(scores - scores.max())
            step = rate * powers / powers.sum()
            step[labels[number]] -= rate
            weights[features] -= np.outer(values, step)
            bias -= step * BIAS_RATE
    return weights, bias


def _packed(version: str, classes: Sequence[str], rarity: Mapping[int, float], weights: Floats, bias: Sequence[float]) -> TopicModel:
    """Return the model with its numbers as bytes. A weight contains the rarity of its feature."""
    rarities = np.array([rarity.get(bucket, 0.0) for bucket in range(BUCKETS)])
    rarity_unit = float(rarities.max()) / UNSIGNED
    weighed = weights * rarities[:, None]
    units = np.array([np.quantile(np.abs(column[column != 0]), LARGEST) for column in weighed.T]) / SIGNED
    stored = np.clip(np.rint(weighed / units), -SIGNED, SIGNED).astype(np.int8)
    known = np.where(rarities > 0, np.maximum(1, np.rint(rarities / rarity_unit)), 0).astype(np.uint8)
    return TopicModel(version, classes, [round(float(each), 6) for each in bias], units.tolist(), rarity_unit, known.tobytes(), stored)


def main() -> None:
    """Write the model of all training texts."""
    texts = list(examples())
    model = train(texts)
    (DATA / FILE).write_bytes(model.file())
    sys.stdout.write(f"{len(texts)} texts, {len(model.classes)} classes, model {model.version}\n")


if __name__ == "__main__":
    main()
