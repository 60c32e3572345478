"""Fits the detectors: one multinomial logistic regression over every kind of text, as 8-bit weights, with thresholds."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from shared.language.detectors import DICTIONARY_ARRAY, DetectorMetadata, Detectors, DetectorScores, DetectorText
from shared.language.dictionaries import URGENT, ProtectedSubject, sums_of
from shared.language.word_features import BUCKETS
from training.detectors.texts import DetectorExample, ListedSigns
from training.fitting import archive
from training.matrices import RARITY_UNIT, Vocabulary, rarity_of, text_matrix
from training.noise import noisy_text
from training.regression import Rows, regress
from training.sample import COPY_WEIGHT

FOLDS: Final = 4
DICTIONARY_FACTOR: Final = 0.2
"""By what the sums of the dictionaries are multiplied, by cross-validation."""
STRENGTH: Final = 10.0
"""The inverse of the regularisation, by cross-validation."""
BALANCE: Final = 0.5
"""0 leaves frequent columns their weight, 1 gives every column the same."""
FALSE_DANGER, FALSE_PROTECTED = 0.045, 0.025
"""The shares of ordinary training texts that may be marked, in cross-validation, by dictionary and detectors together.

Half a point below what may be marked of unseen texts, 5 % and 3 %: the share of another sample differs by as much.
"""
_ROUNDS: Final = 60
_MOST: Final = 127  # of 8 bits with a sign
_UNDECIDED: Final = 0.0


@dataclass(frozen=True)
class DetectorFile:
    """Detectors as they are stored."""

    metadata: DetectorMetadata
    weights: bytes

    def detectors(self) -> Detectors:
        return Detectors(self.metadata, self.weights)

    def metadata_as_dict(self) -> dict[str, object]:
        return asdict(self.metadata)


@dataclass(frozen=True)
class DetectorSample:
    """Examples, each followed by its noisy copy. `sources` numbers the example that each text is or was made from."""

    examples: Sequence[DetectorExample]
    texts: Sequence[str]
    sources: Rows

    @classmethod
    def of(cls, examples: Sequence[DetectorExample]) -> "DetectorSample":
        texts: list[str] = []
        sources: list[int] = []
        for number, example in enumerate(examples):
            copy = noisy_text(example.text)
            versions = [example.text] if copy is None else [example.text, copy]
            texts += versions
            sources += [number] * len(versions)
        return cls(examples, texts, np.array(sources))

    @cached_property
    def is_copy(self) -> npt.NDArray[np.bool_]:
        return np.concatenate(([False], self.sources[1:] == self.sources[:-1]))

    @cached_property
    def read(self) -> list[DetectorText]:
        return [DetectorText.of(text) for text in self.texts]

    @cached_property
    def listed(self) -> list[ListedSigns]:
        """By example: what the dictionaries find."""
        return [ListedSigns.of(text) for text, copy in zip(self.read, self.is_copy, strict=True) if not copy]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary([text.text_words for text in self.read])

    @cached_property
    def sums(self) -> npt.NDArray[np.float32]:
        return np.array([sums_of(text.hits) for text in self.read], np.float32)

    @cached_property
    def is_fitted(self) -> npt.NDArray[np.bool_]:
        """By text: an ordinary text in which the dictionary finds danger may be an emergency, so it teaches neither."""
        by_example = [not (each.is_ordinary and signs.danger) for each, signs in zip(self.examples, self.listed, strict=True)]
        return np.array(by_example)[self.sources]


def train(examples: Sequence[DetectorExample]) -> DetectorFile:
    """Return the detectors of these examples with their thresholds. The same examples give the same bytes."""
    sample = DetectorSample.of(examples)
    fitted = fit(sample, np.arange(len(sample.texts)))
    danger, protected = thresholds(sample, cross_validate(sample))
    decided = f"{fitted.metadata.version} {danger} {protected}"
    version = hashlib.sha256(decided.encode()).hexdigest()[:8]
    return DetectorFile(replace(fitted.metadata, version=version, danger=danger, protected=protected), fitted.weights)


def fit(sample: DetectorSample, rows: Rows) -> DetectorFile:
    """Return the detectors of these texts of the sample, without thresholds."""
    rows = rows[sample.is_fitted[rows]]
    counts, is_copy = sample.vocabulary.counts[rows], sample.is_copy[rows]
    rarity = rarity_of(counts, counts[~is_copy])
    read = np.flatnonzero(rarity)
    sums = sparse.csr_matrix(sample.sums[rows] * np.float32(DICTIONARY_FACTOR))
    features = text_matrix(sample.vocabulary, rows, rarity, sums)
    columns = _columns(sample.examples)
    labels = np.array([columns.index(sample.examples[source].column) for source in sample.sources[rows]])
    present, numbers = np.unique(labels, return_inverse=True)
    fitted = regress(features, numbers, _importance(labels, is_copy), len(present), STRENGTH, _ROUNDS)
    dense = np.zeros((len(columns), features.columns), np.float32)
    bias = np.full(len(columns), fitted.constants.min() - 1, np.float32)  # of a column without a text in this part
    dense[present], bias[present] = fitted.weights.T, fitted.constants
    of_words = np.zeros((BUCKETS, len(columns)), np.float32)
    of_words[read] = dense[:, : len(read)].T * (rarity[read] * RARITY_UNIT)[:, None]
    scales = np.maximum(np.abs(of_words).max(axis=0), np.finfo(np.float32).tiny) / _MOST
    content = archive(
        {
            "weights": np.rint(of_words / scales).astype(np.int8),
            "scales": scales.astype(np.float32),
            "bias": bias,
            "rarity": rarity,
            "rarity_unit": np.asarray(RARITY_UNIT),
            "stems": np.zeros(0, np.uint32),
            DICTIONARY_ARRAY: (dense[:, len(read) :].T * DICTIONARY_FACTOR).astype(np.float32),
        }
    )
    version = hashlib.sha256(content).hexdigest()[:8]
    return DetectorFile(DetectorMetadata(version, columns, _UNDECIDED, _UNDECIDED, int((~is_copy).sum())), content)


def _columns(examples: Sequence[DetectorExample]) -> list[str]:
    own = [URGENT, *ProtectedSubject]
    return [*own, *sorted({example.column for example in examples} - set(own))]


def _importance(labels: Rows, is_copy: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    importance = np.where(is_copy, COPY_WEIGHT, 1.0)
    totals = np.bincount(labels, importance)
    factors = (totals[totals > 0].mean() / np.maximum(totals, 1)) ** BALANCE
    weighed: npt.NDArray[np.float64] = importance * factors[labels]
    return weighed


def cross_validate(sample: DetectorSample, folds: int = FOLDS) -> list[DetectorScores | None]:
    """Return the scores of every example by detectors fitted without it and its copy; None for a text of too few words."""
    fold_of = sample.sources % folds  # neighbouring lines have the same label, so every fold has texts of every label
    written = np.flatnonzero(~sample.is_copy)
    found: list[DetectorScores | None] = [None] * len(sample.examples)
    for fold in range(folds):
        judge = fit(sample, np.flatnonzero(fold_of != fold)).detectors()
        for row in written[fold_of[written] == fold].tolist():
            found[int(sample.sources[row])] = sample.read[row].judged_by(judge)
    return found


def thresholds(sample: DetectorSample, judged: Sequence[DetectorScores | None]) -> tuple[float, float]:
    """Return the lowest thresholds at which no more ordinary texts than allowed are marked, of danger and of protected subjects."""
    ordinary = [
        (signs, scores)
        for example, signs, scores in zip(sample.examples, sample.listed, judged, strict=True)
        if example.is_ordinary and scores is not None
    ]
    danger = _threshold([(signs.danger, scores.danger) for signs, scores in ordinary], FALSE_DANGER)
    protected = _threshold([(signs.protected, scores.protected) for signs, scores in ordinary], FALSE_PROTECTED)
    return danger, protected


def _threshold(ordinary: Sequence[tuple[bool, float]], allowed: float) -> float:
    """Return the threshold from the scores of ordinary texts, each with whether the dictionary marks it anyway."""
    left = int(allowed * len(ordinary)) - sum(listed for listed, _ in ordinary)
    scores = sorted((score for listed, score in ordinary if not listed), reverse=True)
    return round(scores[max(left, 0)] + 1e-4, 4)
