"""Cross-validation that leaves out whole written texts with their copies, and what follows: confidence and thresholds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from routing.classification.policy import ModelFile
from routing.classification.service.by_model import needs_a_person
from routing.classification.service.choice import NOTHING_DECLARED
from routing.classification.service.model import AppealModel, Guess, confidence_terms
from shared.domain.taxonomy import taxonomy
from shared.language.tokens import tokenise
from shared.language.word_features import words_to_read
from training.fitting import fit
from training.labelled import Labelled
from training.sample import KINDS, Sample

FOLDS: Final = 4
AUTO_RIGHT: Final = 0.975
"""What the lower bound of the share of right automatic decisions of a kind must reach.

Half a point above what is promised: second right codes were named where the cross-validation was sure and the label was not.
"""
WILSON_Z: Final = 1.645  # 95 %, one side
CERTAINTY_STRENGTH: Final = 0.3
"""The inverse of the regularisation of the confidence: the pairs of a kind and a subject are many, and some are rare."""
SUGGEST: Final = 0.4
EVIDENCE: Final = 0.15
SUBCATEGORY: Final = 0.5
KNOWN_TO_THE_LEXICON: Final = frozenset({"appeals.txt"})
"""Files that were at hand when the dictionary was written: what it says about them proves nothing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A text with the guess of a model that never saw its source."""

    text: Labelled
    guess: Guess
    terms: dict[str, float]

    @property
    def kind_is_right(self) -> bool:
        return self.guess.kind == self.text.kind or self.guess.kind in self.text.also_kinds

    @property
    def subject_is_right(self) -> bool:
        if self.text.topic_is_left_open and taxonomy().subject_field(self.guess.kind) == "topic":
            return True
        return self.guess.family in self.text.accepted_families

    @property
    def is_right(self) -> bool:
        return self.kind_is_right and self.subject_is_right


def cross_validate(sample: Sample, folds: int = FOLDS) -> list[Judged]:
    """Return every text as written, judged by a model fitted without it and its copy."""
    fold_of = sample.sources % folds  # neighbouring lines have the same label, so every fold has texts of every label
    judged: list[Judged] = []
    for fold in range(folds):
        model = AppealModel(fit(sample, np.flatnonzero(fold_of != fold)))
        judged += _judge(model, sample, np.flatnonzero((fold_of == fold) & ~sample.is_copy).tolist())
    return judged


def _judge(model: AppealModel, sample: Sample, rows: Sequence[int]) -> Iterator[Judged]:
    for row in rows:
        text, weights = sample.texts[row], sample.weighed[row]
        guess = model.judge(words_to_read(tokenise(text.text)), weights, NOTHING_DECLARED, frozenset())
        yield Judged(text, guess, confidence_terms(guess, weights))


def calibrated(model: ModelFile, judged: Sequence[Judged]) -> ModelFile:
    """Return the model with the confidence and the thresholds that the cross-validation supports.

    Texts count as written. On noisy copies of texts that set no threshold, 206 of 212 automatic decisions were right.
    """
    independent = [each for each in judged if each.text.file not in KNOWN_TO_THE_LEXICON]
    names = list(dict.fromkeys(name for each in independent for name in each.terms))
    terms = np.array([[each.terms.get(name, 0.0) for name in names] for each in independent])
    right = np.array([each.is_right for each in independent])
    fitted = LogisticRegression(C=CERTAINTY_STRENGTH, max_iter=1000).fit(terms, right)
    confidence = {"constant": float(fitted.intercept_[0])} | dict(zip(names, map(float, fitted.coef_[0]), strict=True))
    certainty = fitted.predict_proba(terms)[:, 1]
    auto: dict[str, float | None] = {}
    for kind in KINDS:
        rows = [row for row, each in enumerate(independent) if each.guess.kind == kind and not needs_a_person(each.guess)]
        auto[kind] = threshold(certainty[rows], right[rows])
    rounded = {name: round(value, 4) for name, value in confidence.items()}
    decided = {
        "confidence": rounded,
        "auto": auto,
        "suggest_confidence": SUGGEST,
        "evidence_confidence": EVIDENCE,
        "subcategory_share": SUBCATEGORY,
    }
    return ModelFile(model.metadata.model_copy(update=decided), model.weights)


def threshold(certainty: np.ndarray, right: np.ndarray) -> float | None:
    """Return the lowest confidence from which the Wilson lower bound reaches `AUTO_RIGHT`, None if none does."""
    order = np.argsort(-certainty, kind="stable")
    correct = np.cumsum(right[order])
    reached = [position for position in range(len(order)) if wilson(float(correct[position]), position + 1.0) >= AUTO_RIGHT]
    # Rounded up: the confidence of a text is rounded after the comparison.
    return math.ceil(certainty[order[reached[-1]]] * 10_000) / 10_000 if reached else None


def wilson(right: float, count: float) -> float:
    """Return the lower end of the one-sided 95 % interval of a share (Wilson 1927), 0 without a count."""
    if count <= 0:
        return 0.0
    share, square = right / count, WILSON_Z**2
    centre = share + square / (2 * count)
    return (centre - WILSON_Z * math.sqrt(share * (1 - share) / count + square / (4 * count**2))) / (1 + square / count)
