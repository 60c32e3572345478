"""The dictionary of the classifier: read once from `data/lexicon.toml` and checked against the taxonomy."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from shared.domain.taxonomy import taxonomy
from shared.language.danger import danger_lexicon
from shared.language.phrases import Hit, LexiconError, Node, PhraseIndex, Term
from shared.language.tokens import Token

__all__ = ["Hit", "Lexicon", "LexiconError", "Settings", "Term", "build", "lexicon"]

GROUPS: Final = frozenset({"kind", "category", "topic", "override"})
_OVERRIDES: Final = frozenset({"SARCASM", "MONEY"})


@dataclass(frozen=True)
class Settings:
    """Thresholds and weights of the decision, each explained in the data file."""

    auto_confidence: float
    suggest_confidence: float
    auto_evidence: float
    side_topic: float
    phrase_gap: int
    evidence_limit: int


@dataclass(frozen=True)
class Lexicon:
    """The classifier's terms, and with them the signs of danger: one search finds both."""

    version: str
    settings: Settings
    priors: dict[str, float]
    index: PhraseIndex

    @property
    def phrases(self) -> Node:
        return self.index.phrases

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """Every term in the words; the stems of a phrase stand in order, in one sentence, at most `phrase_gap` words apart."""
        return self.index.find(tokens)


def _known_codes() -> dict[str, frozenset[str]]:
    known = taxonomy()
    return {
        "kind": frozenset(known.kinds),
        "category": frozenset(known.categories),
        "topic": frozenset(known.topics),
        "override": _OVERRIDES,
    }


def _terms(rows: Sequence[dict[str, Any]], known: dict[str, frozenset[str]]) -> Iterator[Term]:
    for number, row in enumerate(rows, start=1):
        # A subject (a referral, sick leave …) is complained of and asked about in the same words.
        for group in ("category", "topic") if row["group"] == "subject" else (row["group"],):
            if row["code"] not in known.get(group, ()):
                raise LexiconError(f"terms row {number}: unknown {group} code {row['code']}")
            for text in row["stems"]:
                yield Term.of(text, group, row["code"], row["weight"])


def build(data: dict[str, Any]) -> Lexicon:
    """The dictionary from its parsed file. Raises LexiconError for a code that the taxonomy does not hold."""
    known, settings = _known_codes(), Settings(**data["settings"])
    if settings.phrase_gap != danger_lexicon().index.gap:
        raise LexiconError("the phrases of this dictionary and of the danger signs do not reach equally far")
    index = PhraseIndex([*_terms(data["terms"], known), *danger_lexicon().terms], settings.phrase_gap)
    if unknown := set(data["priors"]) ^ known["kind"]:
        raise LexiconError(f"priors must name every kind and no other: {sorted(unknown)}")
    return Lexicon(version=data["version"], settings=settings, priors=data["priors"], index=index)


@cache
def lexicon() -> Lexicon:
    """The product's dictionary, read and checked once per process."""
    return build(tomllib.loads(files(__package__).joinpath("data/lexicon.toml").read_text(encoding="utf-8")))
