"""The choice by the trained model, with the words that speak for it."""

from collections.abc import Sequence
from typing import Final

from routing.classification.schemas import Decision
from routing.classification.service.choice import (
    EASILY_CLOSED,
    NOTHING_DECLARED,
    WITHOUT_SUBJECT,
    Choice,
    Declared,
    Weighed,
    without_evidence,
)
from routing.classification.service.lexicon import NamedKind
from routing.classification.service.model import AppealModel, Guess
from shared.domain.taxonomy import taxonomy

_PROBABLY: Final = 0.5
_URGENT: Final = "urgent"
"""The priority of categories that report a danger or a crime: a person reviews each case, whatever the confidence."""


def choose(model: AppealModel, text_words: Sequence[str], weights: Weighed, declared: Declared, *, urgent: bool) -> Choice:
    """Return the best admissible pair of a kind and a subject with its calibrated confidence."""
    override = urgent or weights.overridden
    barred = EASILY_CLOSED if override and not declared.kind and not declared.topic else frozenset()
    if urgent and barred:
        barred |= WITHOUT_SUBJECT  # whoever is in danger does not write about nothing
    if not any(word.isalpha() for word in text_words) or _says_nothing(model, text_words, weights, declared):
        return without_evidence(declared, urgent=urgent)
    guess = model.judge(text_words, weights, declared, barred)
    confidence = model.confidence(guess, weights)
    about = model.about
    if confidence < about.evidence_confidence and not _is_supported(guess, weights):
        return without_evidence(declared, urgent=urgent)._replace(new_words=guess.new_words)
    threshold = about.auto.get(guess.kind)
    if threshold is not None and confidence >= threshold and not urgent and not needs_a_person(guess):
        decision = Decision.AUTO
    else:
        decision = Decision.SUGGEST if confidence >= about.suggest_confidence else Decision.TRIAGE
    if override and guess.kind in EASILY_CLOSED:
        decision = Decision.TRIAGE
    return Choice(guess.kind, guess.finest, confidence, decision, guess.new_words)


def _says_nothing(model: AppealModel, text_words: Sequence[str], weights: Weighed, declared: Declared) -> bool:
    """Return whether a text under a declared kind is one of those that concern nothing, as a greeting: any subject would be invented."""
    if declared.kind is None:
        return False
    free = model.judge(text_words, weights, NOTHING_DECLARED, frozenset())
    return free.kind == NamedKind.OTHER and free.kind_share >= _PROBABLY


def needs_a_person(guess: Guess) -> bool:
    """Return whether the category is one that is never decided automatically."""
    category = taxonomy().categories.get(guess.finest) if taxonomy().subject_field(guess.kind) == "category" else None
    return category is not None and category.priority == _URGENT


def _is_supported(guess: Guess, weights: Weighed) -> bool:
    """Return whether the dictionary has a word for the kind or the subject of the guess."""
    field = taxonomy().subject_field(guess.kind)
    return weights.kinds.get(guess.kind, 0.0) > 0 or weights.families(field).get(guess.family, 0.0) > 0
