"""Danger to life, found recall first: a false alarm costs a look by a person, a missed one may cost a life."""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.classification.lexicon import Hit, lexicon
from routing.classification.tokens import tokenise


@dataclass(unsafe_hash=True)  # not frozen, which would take three times as long to make
class Evidence:
    """A place in the original text (`text[start:end]`), the dictionary's term that it matched and the code that it argues for."""

    start: int
    end: int
    term: str
    code: str


def evidence_of(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """The hits in the order of the text, each place and code once, cut to the limit of the data file."""
    found = {(hit.start, hit.end, hit.term.code): hit.term.text for hit in hits}
    places = sorted(found)[: lexicon().settings.evidence_limit]
    return tuple(Evidence(start, end, found[start, end, code], code) for start, end, code in places)


def danger_hits(hits: Sequence[Hit]) -> list[Hit]:
    """The urgent hits if together they reach the data file's score, else none.

    A term counts once however often it stands. Calming terms (danger long past, thanks for a rescue) take away from weak signs
    only: one sign that suffices by itself is never calmed.
    """
    urgent = {hit.term: hit for hit in hits if hit.term.group == "urgent"}
    if not urgent:
        return []
    needed = lexicon().settings.urgent_score
    calming = sum(term.weight for term in dict.fromkeys(hit.term for hit in hits if hit.term.group == "calm"))
    strongest = max(term.weight for term in urgent)
    if strongest >= needed or sum(term.weight for term in urgent) - calming >= needed:
        return list(urgent.values())
    return []


def is_urgent(text: str) -> tuple[bool, tuple[Evidence, ...]]:
    """Whether the text tells of danger to life or health right now, and where it says so."""
    found = danger_hits(lexicon().find(tokenise(text)))
    return bool(found), evidence_of(found)
