"""The choice by the dictionary alone: the method when no model is promoted, and what models are compared with."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from routing.classification.schemas import Decision
from routing.classification.service.choice import EASILY_CLOSED, NEED_NO_SUBJECT, Choice, Declared, Weighed, without_evidence
from routing.classification.service.lexicon import NamedKind, lexicon
from shared.domain.taxonomy import taxonomy


class _Pair(NamedTuple):
    kind: str
    subject: str
    score: float
    subject_evidence: float


def choose(weights: Weighed, declared: Declared, *, urgent: bool) -> Choice:
    """Return the best admissible pair of a kind and a subject with its confidence."""
    override = urgent or weights.overridden
    barred = EASILY_CLOSED if override and not declared.kind and not declared.topic else frozenset()
    kinds = [declared.kind] if declared.kind else [code for code in taxonomy().kinds if code not in barred]
    pairs = list(_pairs(weights, kinds, declared))
    best = max(pairs, key=lambda pair: pair.score)
    kind_evidence = max(weights.kinds.get(best.kind, 0.0), 0.0)
    if kind_evidence + best.subject_evidence <= 0:
        return without_evidence(declared, urgent=urgent)
    confidence = 1 / sum(math.exp(pair.score - best.score) for pair in pairs)
    # A declared part needs no evidence of its own.
    enough = kind_evidence + best.subject_evidence >= lexicon().settings.auto_evidence
    complete = bool(declared.subject) or best.subject_evidence > 0 or best.kind in NEED_NO_SUBJECT
    decision = _decide(confidence, certain=enough and complete and not urgent)
    if override and best.kind in EASILY_CLOSED:
        decision = Decision.TRIAGE
    subject = best.subject if declared.subject else _finest(best, weights)
    return Choice(best.kind, subject, confidence, decision)


def _decide(confidence: float, *, certain: bool) -> Decision:
    settings = lexicon().settings
    if confidence >= settings.auto_confidence and certain:
        return Decision.AUTO
    return Decision.SUGGEST if confidence >= settings.suggest_confidence else Decision.TRIAGE


def _pairs(weights: Weighed, kinds: Sequence[str], declared: Declared) -> Iterator[_Pair]:
    """Yield every admissible pair with its score: the prior and evidence of the kind, and the evidence of the subject."""
    settings, priors = lexicon().settings, lexicon().priors
    for kind in kinds:
        field = taxonomy().subject_field(kind)
        given = declared.category if field == "category" else declared.topic
        if declared.subject and not given:
            continue
        subjects = {given: 0.0} if given else weights.families(field)
        share = 1.0 if field == "category" or kind == NamedKind.CONSULTATION else settings.side_topic
        for subject, evidence in subjects.items():
            yield _Pair(kind, subject, priors[kind] + weights.kinds.get(kind, 0.0) + share * evidence, evidence)


def _finest(best: _Pair, weights: Weighed) -> str:
    """Return the sub-category with the strongest evidence, or the top level if there is none or a tie."""
    categories = taxonomy().categories
    if taxonomy().subject_field(best.kind) == "topic":
        return best.subject
    found = weights.subjects["category"].items()
    named = sorted(((weight, code) for code, weight in found if categories[code].parent == best.subject and weight > 0), reverse=True)
    if named and (len(named) == 1 or named[0][0] > named[1][0]):
        return named[0][1]
    return best.subject
