"""What both methods of classification share: the declaration, the weights of the terms found, and the choice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from routing.classification.schemas import Decision
from routing.classification.service.lexicon import GeneralSubject, Hit, NamedKind, Term, TermGroup
from shared.domain.taxonomy import Subject, taxonomy

# Kinds whose cases may be closed without an investigation: money, danger and sarcasm rule them out.
EASILY_CLOSED: Final = frozenset({NamedKind.CONSULTATION, NamedKind.GRATITUDE})
# Kinds that are complete without a subject: their usual topic is the general one.
NEED_NO_SUBJECT: Final = frozenset({NamedKind.SUGGESTION, NamedKind.GRATITUDE, NamedKind.FEEDBACK})
# Kinds whose subject does not decide whether they are chosen: thanks and opinions are about care, and OTHER does not concern the Fund.
WITHOUT_SUBJECT: Final = frozenset({NamedKind.GRATITUDE, NamedKind.FEEDBACK, NamedKind.OTHER})
GENERAL: Final[Mapping[Subject, GeneralSubject]] = {"category": GeneralSubject.CATEGORY, "topic": GeneralSubject.TOPIC}


class Declared(NamedTuple):
    """What the citizen declared: codes or None. A category and a topic are never given together."""

    kind: str | None
    category: str | None
    topic: str | None

    @property
    def subject(self) -> str | None:
        return self.category or self.topic


NOTHING_DECLARED: Final = Declared(None, None, None)


class Choice(NamedTuple):
    """The chosen pair. `subject` is a topic or the finest category; `confidence` 0..1; `new_words`: how many the model does not know."""

    kind: str
    subject: str
    confidence: float
    decision: Decision
    new_words: int = 0


class Weighed(NamedTuple):
    """Sums of the weights of the terms found, by code. A term counts once, however often it occurs.

    `subjects`: by "category" and "topic", then by code; a sub-category is not added to its parent.
    """

    kinds: dict[str, float]
    subjects: dict[Subject, dict[str, float]]
    overridden: bool

    def families(self, field: Subject) -> dict[str, float]:
        """Return the weights by topic or top-level category (sub-categories included), with 0 for the general subject."""
        families: dict[str, float] = defaultdict(float, {GENERAL[field]: 0.0})
        for code, weight in self.subjects[field].items():
            families[taxonomy().root_category(code) if field == "category" else code] += weight
        return families


def weigh(hits: Sequence[Hit]) -> Weighed:
    """Return the weights of the terms found by the dictionary."""
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
    return Weighed(sums[TermGroup.KIND], {"category": sums[TermGroup.CATEGORY], "topic": sums[TermGroup.TOPIC]}, overridden)


def without_evidence(declared: Declared, *, urgent: bool) -> Choice:
    """Return the choice for a text without evidence: what was declared, REQUEST for a danger, else OTHER."""
    kind = declared.kind
    if kind is None and declared.category:
        kind = NamedKind.COMPLAINT
    elif kind is None and declared.topic:
        kind = NamedKind.CONSULTATION  # topics are what people ask about
    elif kind is None:
        kind = NamedKind.REQUEST if urgent else NamedKind.OTHER
    return Choice(kind, declared.subject or GENERAL[taxonomy().subject_field(kind)], 0.0, Decision.TRIAGE)
