"""The joint choice of a kind and an admissible subject, with its confidence and the decision that follows."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from routing.classification.schemas import Decision, StoredClassification
from routing.classification.service.lexicon import GeneralSubject, Hit, NamedKind, Term, TermGroup, lexicon
from routing.classification.service.urgency import Evidence, evidence_of
from shared.domain.languages import detect_language
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import HIGHEST_TIER, Subject, taxonomy
from shared.language.danger import danger_lexicon, signs_of_danger
from shared.language.junk import junk_in
from shared.language.protected import protected_lexicon, signs_of_protected
from shared.language.tokens import tokenise

# Kinds whose cases may be closed without an investigation: money, danger and sarcasm rule them out.
_EASILY_CLOSED = frozenset({NamedKind.CONSULTATION, NamedKind.GRATITUDE})
# Kinds that are complete without a subject: their usual topic is the general one.
_NEED_NO_SUBJECT = frozenset({NamedKind.SUGGESTION, NamedKind.GRATITUDE, NamedKind.FEEDBACK})
_GENERAL: Mapping[Subject, GeneralSubject] = {"category": GeneralSubject.CATEGORY, "topic": GeneralSubject.TOPIC}


@dataclass  # not frozen: creation would take three times as long
class Classification:
    """What an appeal is about.

    `confidence` is 0..1. Under the decision TRIAGE the kind and the tier are provisional. Either `category` or `topic` is set,
    depending on the kind. `protected`: matters that a person reviews (`shared.language.protected`); `junk`: why the text may be no
    appeal, a suggestion.
    """

    kind: str
    category: str | None
    topic: str | None
    tier: int
    urgent: bool
    language: str
    confidence: float
    decision: Decision
    evidence: tuple[Evidence, ...]
    versions: dict[str, str]
    protected: tuple[str, ...] = ()
    junk: str | None = None

    def as_row(self) -> StoredClassification:
        """Return the JSON form."""
        row = vars(self) | {"evidence": [vars(piece) for piece in self.evidence], "protected": list(self.protected)}
        return cast("StoredClassification", row)


class _Pair(NamedTuple):
    kind: str
    subject: str
    score: float
    subject_evidence: float


class _Choice(NamedTuple):
    kind: str
    subject: str
    confidence: float
    decision: Decision


def classify(
    text: str, *, kind: str | None = None, category: str | None = None, topic: str | None = None, language: str | None = None
) -> Classification:
    """Return the kind, category or topic, tier and urgency of an appeal. Codes that the citizen declared are kept.

    Raises ValueError for a declared kind, category and topic that do not go together (`Taxonomy.subject_errors`).
    """
    if errors := taxonomy().subject_errors(kind, category, topic):
        raise ValueError(f"declared subject: {errors}")
    hits = lexicon().find(tokenise(text))
    danger = signs_of_danger(text, hits)
    protected = signs_of_protected(text, hits)
    if kind and (category or topic):
        choice = _Choice(kind, category or topic or "", 1.0, Decision.AUTO)
    else:
        choice = _choose(hits, kind, category, topic, urgent=bool(danger))
    if protected and choice.decision is Decision.AUTO:
        choice = choice._replace(decision=Decision.SUGGEST)
    field = taxonomy().subject_field(choice.kind)
    chosen_category = choice.subject if field == "category" else None
    chosen_topic = choice.subject if field == "topic" else None
    return Classification(
        kind=choice.kind,
        category=chosen_category,
        topic=chosen_topic,
        tier=HIGHEST_TIER if protected else _tier(choice, chosen_category, chosen_topic, urgent=bool(danger)),
        urgent=bool(danger),
        language=language or detect_language(text),
        confidence=round(choice.confidence, 3),
        decision=choice.decision,
        evidence=evidence_of([*danger, *protected, *_arguments(hits, choice, field)]),
        versions={
            "method": "declared" if kind and (category or topic) else "lexicon",
            "lexicon": lexicon().version,
            "danger": danger_lexicon().version,
            "protected": protected_lexicon().version,
        },
        protected=tuple(dict.fromkeys(hit.term.code for hit in protected)),
        junk=junk_in(text, hits),
    )


def _tier(choice: _Choice, category: str | None, topic: str | None, *, urgent: bool) -> int:
    """Return the tier of the policy; under TRIAGE that of the kind, unless the appeal is urgent."""
    if choice.decision is Decision.TRIAGE and not urgent:
        return taxonomy().kinds[choice.kind].default_tier
    return tier_for(choice.kind, category, topic, urgent=urgent)


class _Weights(NamedTuple):
    """Sums of the weights of the terms found, by code. A term counts once, however often it occurs.

    `subjects`: by "category" and "topic", then by code; a sub-category is not added to its parent.
    """

    kinds: dict[str, float]
    subjects: dict[Subject, dict[str, float]]
    overridden: bool


def _weigh(hits: Sequence[Hit]) -> _Weights:
    sums: dict[str, dict[str, float]] = {
        TermGroup.KIND: defaultdict(float),
        TermGroup.CATEGORY: defaultdict(float),
        TermGroup.TOPIC: defaultdict(float),
    }
    overridden = False
    # The same words may match several stems of one code: only the strongest counts.
    strongest: dict[tuple[str, str, int], Term] = {}
    for hit in hits:
        position = (hit.term.group, hit.term.code, hit.last)
        if hit.term.group == TermGroup.OVERRIDE:
            overridden = True
        elif hit.term.group in sums and (position not in strongest or abs(strongest[position].weight) < abs(hit.term.weight)):
            strongest[position] = hit.term
    for term in dict.fromkeys(strongest.values()):  # the order of a set would change the rounding of sums, and with it ties
        sums[term.group][term.code] += term.weight
    return _Weights(sums[TermGroup.KIND], {"category": sums[TermGroup.CATEGORY], "topic": sums[TermGroup.TOPIC]}, overridden)


def _choose(hits: Sequence[Hit], kind: str | None, category: str | None, topic: str | None, *, urgent: bool) -> _Choice:
    weights = _weigh(hits)
    override = urgent or weights.overridden
    barred = _EASILY_CLOSED if override and not kind and not topic else frozenset()
    kinds = [kind] if kind else [code for code in taxonomy().kinds if code not in barred]
    pairs = list(_pairs(weights, kinds, category, topic))
    best = max(pairs, key=lambda pair: pair.score)
    kind_evidence = max(weights.kinds.get(best.kind, 0.0), 0.0)
    if kind_evidence + best.subject_evidence <= 0:
        return _without_evidence(best, kind, urgent=urgent)
    confidence = 1 / sum(math.exp(pair.score - best.score) for pair in pairs)
    # A declared part needs no evidence of its own.
    enough = kind_evidence + best.subject_evidence >= lexicon().settings.auto_evidence
    complete = bool(category or topic) or best.subject_evidence > 0 or best.kind in _NEED_NO_SUBJECT
    decision = _decide(confidence, certain=enough and complete and not urgent)
    if override and best.kind in _EASILY_CLOSED:
        decision = Decision.TRIAGE
    subject = best.subject if category or topic else _finest(best, weights)
    return _Choice(best.kind, subject, confidence, decision)


def _decide(confidence: float, *, certain: bool) -> Decision:
    settings = lexicon().settings
    if confidence >= settings.auto_confidence and certain:
        return Decision.AUTO
    return Decision.SUGGEST if confidence >= settings.suggest_confidence else Decision.TRIAGE


def _without_evidence(best: _Pair, kind: str | None, *, urgent: bool) -> _Choice:
    """Return the choice for a text without evidence: what was declared, REQUEST for a danger, else OTHER."""
    codes = taxonomy()
    declared_subject = best.subject not in _GENERAL.values()
    if not kind and not declared_subject:
        kind = NamedKind.REQUEST if urgent else NamedKind.OTHER
    elif not kind and codes.subject_field(best.kind) == "topic":
        kind = NamedKind.CONSULTATION  # topics are what people ask about
    chosen = kind or best.kind
    subject = best.subject if declared_subject else _GENERAL[codes.subject_field(chosen)]
    return _Choice(chosen, subject, 0.0, Decision.TRIAGE)


def _pairs(weights: _Weights, kinds: Sequence[str], category: str | None, topic: str | None) -> Iterator[_Pair]:
    """Yield every admissible pair with its score: the prior and evidence of the kind, and the evidence of the subject."""
    settings, priors = lexicon().settings, lexicon().priors
    for kind in kinds:
        field = taxonomy().subject_field(kind)
        declared = category if field == "category" else topic
        if (category or topic) and not declared:
            continue
        subjects = {declared: 0.0} if declared else _families(weights, field)
        share = 1.0 if field == "category" or kind == NamedKind.CONSULTATION else settings.side_topic
        for subject, evidence in subjects.items():
            yield _Pair(kind, subject, priors[kind] + weights.kinds.get(kind, 0.0) + share * evidence, evidence)


def _families(weights: _Weights, field: Subject) -> dict[str, float]:
    """Return the evidence by topic or top-level category (sub-categories included), with 0 for the general subject."""
    families: dict[str, float] = defaultdict(float, {_GENERAL[field]: 0.0})
    for code, weight in weights.subjects[field].items():
        families[taxonomy().root_category(code) if field == "category" else code] += weight
    return families


def _finest(best: _Pair, weights: _Weights) -> str:
    """Return the sub-category with the strongest evidence, or the top level if there is none or a tie."""
    categories = taxonomy().categories
    if taxonomy().subject_field(best.kind) == "topic":
        return best.subject
    found = weights.subjects["category"].items()
    named = sorted(((weight, code) for code, weight in found if categories[code].parent == best.subject and weight > 0), reverse=True)
    if named and (len(named) == 1 or named[0][0] > named[1][0]):
        return named[0][1]
    return best.subject


def _arguments(hits: Sequence[Hit], choice: _Choice, field: Subject) -> Iterator[Hit]:
    """Yield the hits that support the choice or rule out another one."""
    root = taxonomy().root_category(choice.subject) if field == "category" else choice.subject
    for hit in hits:
        term = hit.term
        if term.group == field:
            supports = (taxonomy().root_category(term.code) if field == "category" else term.code) == root
        else:
            supports = term.group == TermGroup.OVERRIDE or (term.group == TermGroup.KIND and term.code == choice.kind)
        if supports and term.weight > 0:
            yield hit
