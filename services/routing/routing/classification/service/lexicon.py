"""The dictionary of the classifier, built once and checked against the taxonomy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from routing.classification.policy import LexiconFile, LexiconSettings, TermEntry, lexicon_file
from shared.domain.taxonomy import taxonomy
from shared.language.dictionaries import danger_lexicon, protected_lexicon
from shared.language.junk import junk_lexicon
from shared.language.phrases import Hit, LexiconError, Node, PhraseIndex, Term
from shared.language.tokens import Token

__all__ = [
    "GeneralSubject",
    "Hit",
    "Lexicon",
    "LexiconError",
    "NamedKind",
    "Term",
    "TermGroup",
    "build",
    "lexicon",
]

_OVERRIDES: Final = frozenset({"SARCASM", "MONEY"})


class TermGroup(StrEnum):
    """What a term argues for: a kind, a category, a topic, or against an easy closing."""

    KIND = "kind"
    CATEGORY = "category"
    TOPIC = "topic"
    OVERRIDE = "override"


class NamedKind(StrEnum):
    """The kinds that the classifier names; all others are chosen by the dictionary alone."""

    CONSULTATION = "CONSULTATION"
    COMPLAINT = "COMPLAINT"
    REQUEST = "REQUEST"
    SUGGESTION = "SUGGESTION"
    FEEDBACK = "FEEDBACK"
    GRATITUDE = "GRATITUDE"
    OTHER = "OTHER"


class GeneralSubject(StrEnum):
    """The category and the topic of an appeal whose text names no other."""

    CATEGORY = "OTHER_COMPLAINT"
    TOPIC = "OTHER_TOPIC"


@dataclass(frozen=True)
class Lexicon:
    """The terms of the classifier together with the signs of danger, so that one search finds both."""

    version: str
    settings: LexiconSettings
    priors: dict[str, float]
    index: PhraseIndex

    @property
    def phrases(self) -> Node:
        """The root of the tree of phrases."""
        return self.index.phrases

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """Return every term in the tokens. The stems of a phrase are in order, in one sentence, at most `phrase_gap` words apart."""
        return self.index.find(tokens)


def _known_codes() -> Mapping[str, frozenset[str]]:
    """Return the codes of each group. Raises LexiconError if the taxonomy lacks a code that the classifier names."""
    known = taxonomy()
    named = {*NamedKind, *GeneralSubject} - {*known.kinds, *known.categories, *known.topics}
    if named:
        raise LexiconError(f"the taxonomy lacks {sorted(named)}")
    return {
        TermGroup.KIND: frozenset(known.kinds),
        TermGroup.CATEGORY: frozenset(known.categories),
        TermGroup.TOPIC: frozenset(known.topics),
        TermGroup.OVERRIDE: _OVERRIDES,
    }


def _terms(entries: Sequence[TermEntry], known: Mapping[str, frozenset[str]]) -> Iterator[Term]:
    for number, entry in enumerate(entries, start=1):
        # Citizens complain of a subject (a referral, sick leave …) and ask about it in the same words.
        for group in (TermGroup.CATEGORY, TermGroup.TOPIC) if entry.group == "subject" else (entry.group,):
            if entry.code not in known.get(group, ()):
                raise LexiconError(f"terms row {number}: unknown {group} code {entry.code}")
            for text in entry.stems:
                yield Term.of(text, group, entry.code, entry.weight)


def build(file: LexiconFile) -> Lexicon:
    """Return the dictionary of a parsed file. Raises LexiconError for a code that the taxonomy does not have."""
    known = _known_codes()
    if {danger_lexicon().index.gap, protected_lexicon().index.gap, junk_lexicon().index.gap} != {file.settings.phrase_gap}:
        raise LexiconError("the phrases of this dictionary, of danger signs, protected subjects and junk do not have the same gap")
    terms = [*_terms(file.terms, known), *danger_lexicon().terms, *protected_lexicon().terms, *junk_lexicon().terms]
    index = PhraseIndex(terms, file.settings.phrase_gap)
    if unknown := set(file.priors) ^ known[TermGroup.KIND]:
        raise LexiconError(f"priors must name every kind and no other: {sorted(unknown)}")
    return Lexicon(version=file.version, settings=file.settings, priors=file.priors, index=index)


@cache
def lexicon() -> Lexicon:
    """Return the dictionary of the product, read and checked once per process."""
    return build(lexicon_file())
