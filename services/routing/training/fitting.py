"""Fits a model: logistic regressions for kinds, for subjects (top-level categories and topics) and for sub-categories, as 8-bit weights."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt

from routing.classification.policy import ModelFile, ModelMetadata
from routing.classification.service.lexicon import lexicon
from routing.classification.service.model import LEXICON_ARRAY
from shared.language.linear_model import stem_hash
from shared.language.word_features import BUCKETS
from training.matrices import RARITY_UNIT, rarity_of, text_matrix
from training.regression import Rows, TextMatrix, regress
from training.sample import CATEGORIES, COPY_WEIGHT, HEADS, KINDS, SUBCATEGORIES, TOPICS, Sample

LEXICON_FACTOR: Final = 0.05
"""By what the sums of the dictionary are multiplied: at .2 and more the model trusts it where it errs."""
STRENGTH: Final = (3.0, 6.0, 6.0)
"""By head: the inverse of the regularisation, by validation on the texts of writers that were left out."""
BALANCE: Final = (0.5, 0.75, 0.5)
"""By head: 0 leaves frequent classes their weight, 1 gives every class the same."""
_ROUNDS: Final = 70
_AT_ONCE: Final = 2  # heads
_ABSENT: Final = -20.0  # the score of a class without a training text
_MOST: Final = 127  # of 8 bits with a sign
_DAY_ONE: Final = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can name: the same arrays give the same bytes

UNDECIDED: Final = {
    "confidence": {"constant": 0.0},
    "auto": {},
    "suggest_confidence": 0.5,
    "evidence_confidence": 0.0,
    "subcategory_share": 0.5,
}


def fit(sample: Sample, rows: Rows, *, rounds: int = _ROUNDS) -> ModelFile:
    """Return the model of these texts of the sample, without thresholds. The same sample gives the same bytes."""
    counts = sample.vocabulary.counts[rows]
    rarity = rarity_of(counts, counts[~sample.is_copy[rows]])
    read = np.flatnonzero(rarity)
    features = text_matrix(sample.vocabulary, rows, rarity, sample.sums[rows] * np.float32(LEXICON_FACTOR))
    importance = np.where(sample.is_copy[rows], COPY_WEIGHT, 1.0)

    def fitted(head: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        labels = sample.labels(head)[rows]
        labelled = np.flatnonzero(labels >= 0)
        balanced = _balanced(labels[labelled], importance[labelled], BALANCE[head])
        return _head(features.of(labelled), labels[labelled], balanced, len(HEADS[head]), STRENGTH[head], rounds)

    with ThreadPoolExecutor(_AT_ONCE) as pool:  # the products of matrices leave the other threads free
        weights, biases = zip(*pool.map(fitted, range(len(HEADS))), strict=True)
    dense = np.concatenate(weights)  # columns of the model by features
    of_words = np.zeros((BUCKETS, len(dense)), np.float32)
    of_words[read] = dense[:, : len(read)].T * (rarity[read] * RARITY_UNIT)[:, None]
    scales = np.maximum(np.abs(of_words).max(axis=0), np.finfo(np.float32).tiny) / _MOST
    arrays = {
        "weights": np.rint(of_words / scales).astype(np.int8),
        "scales": scales.astype(np.float32),
        "bias": np.concatenate(biases).astype(np.float32),
        "rarity": rarity,
        "rarity_unit": RARITY_UNIT,
        "stems": _stems(sample, rows),
        LEXICON_ARRAY: (dense[:, len(read) :].T * LEXICON_FACTOR).astype(np.float32),
    }
    content = archive(arrays)
    return ModelFile(
        ModelMetadata(
            version=hashlib.sha256(content).hexdigest()[:8],
            lexicon=lexicon().version,
            texts=int((~sample.is_copy[rows]).sum()),
            kinds=KINDS,
            categories=CATEGORIES,
            topics=TOPICS,
            subcategories=SUBCATEGORIES,
            **UNDECIDED,
        ),
        content,
    )


def _balanced(labels: Rows, importance: npt.NDArray[np.float64], balance: float) -> npt.NDArray[np.float64]:
    """Return the importance of the texts with that of rare classes raised."""
    if not len(labels):
        return importance
    totals = np.bincount(labels, importance)
    mean = totals[totals > 0].mean()
    factors = (mean / np.where(totals > 0, totals, mean)) ** balance
    balanced: npt.NDArray[np.float64] = importance * factors[labels]
    return balanced


def _head(
    features: TextMatrix, labels: Rows, importance: npt.NDArray[np.float64], classes: int, strength: float, rounds: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    weight = np.zeros((classes, features.columns), np.float32)
    bias = np.full(classes, _ABSENT, np.float32)
    present, numbers = np.unique(labels, return_inverse=True)
    if len(present) < 2:  # noqa: PLR2004 - a single class needs no weights
        bias[present] = 0
        return weight, bias
    fitted = regress(features, numbers, importance, len(present), strength, rounds)
    weight[present], bias[present] = fitted.weights.T, fitted.constants
    return weight, bias


def _stems(sample: Sample, rows: Rows) -> npt.NDArray[np.uint32]:
    written = rows[~sample.is_copy[rows]]
    used = np.unique(sample.vocabulary.texts[written].indices)
    return np.unique(np.array([stem_hash(sample.vocabulary.text_words[word]) for word in used], np.uint32))


def archive(arrays: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """Return the arrays as `.npz`. The same arrays give the same bytes: no time of day, members in order."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive_file:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            archive_file.writestr(zipfile.ZipInfo(f"{name}.npy", _DAY_ONE), content.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return written.getvalue()
