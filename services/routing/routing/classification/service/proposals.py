"""What a person may choose instead of a classification, and the further issues that a text speaks of. Proposals: nothing is stored."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from routing.classification.schemas import Decision
from routing.classification.service.classifier import Classification, classify
from routing.classification.service.lexicon import GeneralSubject
from routing.classification.service.urgency import Evidence
from shared.domain.taxonomy import taxonomy

READ: Final = 4_000
"""Characters that are read for proposals; a person has the whole text before their eyes."""
ALTERNATIVES: Final = 5
ISSUES: Final = 3
_CLAUSES: Final = 40
_SURE: Final = 0.6
_ENDS: Final = re.compile(
    r"[.!?;\n]+|,\s*(?=(?:сондай-ақ|сонымен қатар|оған қоса|және|а также|кроме того|к тому же|ещё|еще|и)\b)", re.IGNORECASE
)
_GENERAL: Final = frozenset(GeneralSubject)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind with its category or topic. `confidence` is 0..1; `evidence` gives positions in the whole text."""

    kind: str
    category: str | None
    topic: str | None
    confidence: float
    evidence: tuple[Evidence, ...]

    @property
    def subject(self) -> str:
        """The category or the topic."""
        return self.category or self.topic or ""


def alternatives(text: str, chosen: tuple[str, str | None]) -> list[Proposal]:
    """Return the next best choices of a text, those with evidence and the most probable first.

    `chosen`: the kind and the subject of the case, which are left out. Each other kind and each clause of the text has a proposal.
    """
    text = text[:READ]
    found = [_proposal(classify(text, kind=kind)) for kind in taxonomy().kinds]
    found += [_proposal(clause, start) for start, clause in _classified(text) if clause.decision is not Decision.TRIAGE]
    # Words of the dictionary count: the model has weighty words for every kind that it is asked about.
    found.sort(
        key=lambda proposal: (proposal.subject in _GENERAL, -sum(bool(each.term) for each in proposal.evidence), -proposal.confidence)
    )
    by_codes: dict[tuple[str, str], Proposal] = {}
    for proposal in found:
        by_codes.setdefault((proposal.kind, proposal.subject), proposal)
    by_codes.pop((chosen[0], chosen[1] or ""), None)
    return list(by_codes.values())[:ALTERNATIVES]


def further_issues(text: str, categories: Sequence[str]) -> list[Proposal]:
    """Return further categories that clauses of the text complain of, surest first. `categories`: those of the case, left out."""
    codes = taxonomy()
    known = {codes.root_category(category) for category in categories}
    best: dict[str, Proposal] = {}
    for start, clause in _classified(text[:READ]):
        if clause.category is None or clause.category in _GENERAL or clause.decision is Decision.TRIAGE or clause.confidence < _SURE:
            continue
        root, proposal = codes.root_category(clause.category), _proposal(clause, start)
        if root not in known and proposal.evidence and (root not in best or best[root].confidence < proposal.confidence):
            best[root] = proposal
    return sorted(best.values(), key=lambda proposal: -proposal.confidence)[:ISSUES]


def _classified(text: str) -> Iterator[tuple[int, Classification]]:
    """Yield the clauses of a text with where they start; none for a text of one clause, which is classified as a whole."""
    starts = [0, *(end.end() for end in _ENDS.finditer(text))]
    spans = [(start, end) for start, end in zip(starts, [*starts[1:], len(text)], strict=True) if text[start:end].strip()]
    for start, end in spans[:_CLAUSES] if len(spans) > 1 else ():
        yield start, classify(text[start:end])


def _proposal(found: Classification, start: int = 0) -> Proposal:
    subject = found.category or found.topic
    moved = (replace(piece, start=piece.start + start, end=piece.end + start) for piece in found.evidence)
    codes = {found.kind, subject, taxonomy().root_category(found.category) if found.category else subject}
    children = {code for code, category in taxonomy().categories.items() if category.parent in codes}
    evidence = tuple(piece for piece in moved if piece.code in codes | children)
    return Proposal(found.kind, found.category, found.topic, found.confidence, evidence)
