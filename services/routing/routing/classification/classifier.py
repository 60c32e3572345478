"""The joint choice of a kind and a subject that belong together, with its confidence and what is to be done with it."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from routing.classification.lexicon import Hit, Term, lexicon
from routing.classification.urgency import Evidence, evidence_of
from shared.domain.languages import detect_language
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
from shared.language.danger import danger_lexicon, signs_of_danger
from shared.language.tokens import tokenise

Decision = Literal["auto", "suggest", "triage"]

# Kinds under which a case may be closed without anyone looking into it: money, danger and mockery bar them.
_EASILY_CLOSED = frozenset({"CONSULTATION", "GRATITUDE"})
# Kinds that are complete without a subject: their usual topic is the general one.
_NEED_NO_SUBJECT = frozenset({"SUGGESTION", "GRATITUDE", "FEEDBACK"})
_NO_SUBJECT = {"category": "OTHER_COMPLAINT", "topic": "OTHER_TOPIC"}


@dataclass  # not frozen, which would take three times as long to make
class Classification:
    """What an appeal is about.

    `confidence` is 0..1; `decision` says whether it stands by itself (auto), wants a look (suggest) or a person's choice
    (triage: the kind and the tier are provisional). One of `category` and `topic` is set, as the kind demands.
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

    def as_row(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return vars(self) | {"evidence": [vars(one) for one in self.evidence]}


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
    """Kind, category or topic, tier and urgency of an appeal; what the citizen declared is kept.

    Raises ValueError for a declared kind, category and topic that do not belong together (taxonomy, `subject_errors`).
    """
    if errors := taxonomy().subject_errors(kind, category, topic):
        raise ValueError(f"declared subject: {errors}")
    hits = lexicon().find(tokenise(text))
    danger = signs_of_danger(text, hits)
    if kind and (category or topic):
        choice = _Choice(kind, category or topic or "", 1.0, "auto")
    else:
        choice = _choose(hits, kind, category, topic, urgent=bool(danger))
    takes = taxonomy().subject_field(choice.kind)
    chosen_category = choice.subject if takes == "category" else None
    chosen_topic = choice.subject if takes == "topic" else None
    return Classification(
        kind=choice.kind,
        category=chosen_category,
        topic=chosen_topic,
        tier=_tier(choice, chosen_category, chosen_topic, urgent=bool(danger)),
        urgent=bool(danger),
        language=language or detect_language(text),
        confidence=round(choice.confidence, 3),
        decision=choice.decision,
        evidence=evidence_of([*danger, *_arguments(hits, choice, takes)]),
        versions={
            "method": "declared" if kind and (category or topic) else "lexicon",
            "lexicon": lexicon().version,
            "danger": danger_lexicon().version,
        },
    )


def _tier(choice: _Choice, category: str | None, topic: str | None, *, urgent: bool) -> int:
    """The policy's tier; until a person has chosen, the kind's own, save that danger is never played down."""
    if choice.decision == "triage" and not urgent:
        return taxonomy().kinds[choice.kind].default_tier
    return tier_for(choice.kind, category, topic, urgent=urgent)


class _Weights(NamedTuple):
    """Sums of the weights of the terms found, per code; a term counts once however often it stands."""

    kinds: dict[str, float]
    subjects: dict[str, dict[str, float]]  # "category" and "topic" to code to sum; categories with their parents' own codes apart
    overridden: bool


def _weigh(hits: Sequence[Hit]) -> _Weights:
    sums: dict[str, dict[str, float]] = {"kind": defaultdict(float), "category": defaultdict(float), "topic": defaultdict(float)}
    overridden = False
    # The same words may match several stems of one code: the strongest of them speaks.
    strongest: dict[tuple[str, str, int], Term] = {}
    for hit in hits:
        place = (hit.term.group, hit.term.code, hit.last)
        if hit.term.group == "override":
            overridden = True
        elif hit.term.group in sums and (place not in strongest or abs(strongest[place].weight) < abs(hit.term.weight)):
            strongest[place] = hit.term
    for term in dict.fromkeys(strongest.values()):  # a set's order would change sums by a rounding, and ties with them
        sums[term.group][term.code] += term.weight
    return _Weights(sums["kind"], {"category": sums["category"], "topic": sums["topic"]}, overridden)


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
        decision = "triage"
    subject = best.subject if category or topic else _finest(best, weights)
    return _Choice(best.kind, subject, confidence, decision)


def _decide(confidence: float, *, certain: bool) -> Decision:
    settings = lexicon().settings
    if confidence >= settings.auto_confidence and certain:
        return "auto"
    return "suggest" if confidence >= settings.suggest_confidence else "triage"


def _without_evidence(best: _Pair, kind: str | None, *, urgent: bool) -> _Choice:
    """Nothing in the words speaks for any kind: the declared part stays, danger asks for help, the rest is OTHER."""
    taxons = taxonomy()
    declared_subject = best.subject not in _NO_SUBJECT.values()
    if not kind and not declared_subject:
        kind = "REQUEST" if urgent else "OTHER"
    elif not kind and taxons.subject_field(best.kind) == "topic":
        kind = "CONSULTATION"  # the topics are those that people ask about
    chosen = kind or best.kind
    subject = best.subject if declared_subject else _NO_SUBJECT[taxons.subject_field(chosen)]
    return _Choice(chosen, subject, 0.0, "triage")


def _pairs(weights: _Weights, kinds: Sequence[str], category: str | None, topic: str | None) -> Iterator[_Pair]:
    """Every admissible pair with its score: the kind's prior and evidence, and the subject's evidence."""
    settings, priors = lexicon().settings, lexicon().priors
    for kind in kinds:
        field = taxonomy().subject_field(kind)
        declared = category if field == "category" else topic
        if (category or topic) and not declared:
            continue
        subjects = {declared: 0.0} if declared else _families(weights, field)
        share = 1.0 if field == "category" or kind == "CONSULTATION" else settings.side_topic
        for subject, evidence in subjects.items():
            yield _Pair(kind, subject, priors[kind] + weights.kinds.get(kind, 0.0) + share * evidence, evidence)


def _families(weights: _Weights, field: Literal["category", "topic"]) -> dict[str, float]:
    """Evidence per topic or top-level category (its sub-categories' included); the general subject stands in when nothing is said."""
    families: dict[str, float] = defaultdict(float, {_NO_SUBJECT[field]: 0.0})
    for code, weight in weights.subjects[field].items():
        families[taxonomy().root_category(code) if field == "category" else code] += weight
    return families


def _finest(best: _Pair, weights: _Weights) -> str:
    """The sub-category that the words name alone or most strongly, else the top level."""
    categories = taxonomy().categories
    if taxonomy().subject_field(best.kind) == "topic":
        return best.subject
    found = weights.subjects["category"].items()
    named = sorted(((weight, code) for code, weight in found if categories[code].parent == best.subject and weight > 0), reverse=True)
    if named and (len(named) == 1 or named[0][0] > named[1][0]):
        return named[0][1]
    return best.subject


def _arguments(hits: Sequence[Hit], choice: _Choice, field: Literal["category", "topic"]) -> Iterator[Hit]:
    """The hits that speak for the choice, or that barred another."""
    root = taxonomy().root_category(choice.subject) if field == "category" else choice.subject
    for hit in hits:
        term = hit.term
        if term.group == field:
            speaks = (taxonomy().root_category(term.code) if field == "category" else term.code) == root
        else:
            speaks = term.group == "override" or (term.group == "kind" and term.code == choice.kind)
        if speaks and term.weight > 0:
            yield hit
