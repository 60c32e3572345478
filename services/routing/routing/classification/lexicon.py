"""The dictionary of stems: read once from `data/lexicon.toml`, checked against the taxonomy, matched by the beginnings of words."""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

from routing.classification.tokens import Token, key
from shared.domain.taxonomy import taxonomy

Group = Literal["kind", "category", "topic", "urgent", "calm", "override"]
WHOLE_WORD = "="  # a stem ending so is a whole word, not a beginning
_PARTICLE = 2  # letters: не, на, ма … would begin far too many words
_OPENING = 2  # letters by which a word's possible stems are looked up
_REMEMBERED = 65_536  # words, each by itself and in memory alone
_OVERRIDES = frozenset({"SARCASM", "MONEY"})


class LexiconError(ValueError):
    """The dictionary names a code or group that does not exist, or an empty stem; the service must not start."""


@dataclass(frozen=True, eq=False)
class Term:
    """One stem or phrase: what it argues for and how strongly (weights are log-odds, roughly). None is given twice."""

    text: str
    stems: tuple[str, ...]
    group: Group
    code: str
    weight: float


class Hit(NamedTuple):
    """A term found; `start:end` is its place in the original text, `last` the number of its last word."""

    term: Term
    start: int
    end: int
    last: int


@dataclass
class Node:
    """A stem's place in the tree of phrases: the terms that end here and the stems that may follow."""

    terms: list[Term] = field(default_factory=list)
    following: dict[str, "Node"] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Thresholds and weights of the decision, each explained in the data file."""

    auto_confidence: float
    suggest_confidence: float
    auto_evidence: float
    urgent_score: float
    side_topic: float
    phrase_gap: int
    evidence_limit: int


@dataclass(frozen=True)
class Lexicon:
    version: str
    settings: Settings
    priors: dict[str, float]
    stems: frozenset[str]
    lengths: dict[str, tuple[int, ...]]  # of the stems that begin with these (one or two) letters
    phrases: Node

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """Every term in the words; the stems of a phrase stand in order, in one sentence, at most `phrase_gap` words apart."""
        known, openings = self._remembered_stems, self.phrases.following
        stems = [known(token.key) if token.key.isalpha() else self._stems_of(token.key) for token in tokens]
        hits: list[Hit] = []
        for place, found in enumerate(stems):
            for stem in found:
                if (node := openings.get(stem)) is not None:
                    self._walk(node, tokens, stems, (place, place), hits)
        return hits

    @cached_property
    def _remembered_stems(self) -> Callable[[str], Sequence[str]]:
        return lru_cache(maxsize=_REMEMBERED)(self._stems_of)

    def _stems_of(self, word: str) -> Sequence[str]:
        lengths = self.lengths.get(word[:_OPENING], ()) + (self.lengths.get(word[:1], ()) if len(word) > 1 else ())
        found = [start for length in lengths if length <= len(word) and (start := word[:length]) in self.stems]
        if (whole := word + WHOLE_WORD) in self.stems:
            found.append(whole)
        return found

    def _walk(self, node: Node, tokens: Sequence[Token], stems: Sequence[Sequence[str]], span: tuple[int, int], hits: list[Hit]) -> None:
        first, last = span
        for term in node.terms:
            hits.append(Hit(term, tokens[first].start, tokens[last].end, last))  # noqa: PERF401 - mostly one or none: a loop is twice as fast
        following = node.following
        if not following:
            return
        sentence = tokens[last].sentence
        for place in range(last + 1, min(last + 2 + self.settings.phrase_gap, len(tokens))):
            if tokens[place].sentence != sentence:
                return
            for stem in stems[place]:
                if stem in following:
                    self._walk(following[stem], tokens, stems, (first, place), hits)


def _stem(text: str) -> str:
    if text in {"?", '"'}:
        return text + WHOLE_WORD
    whole = text.endswith(WHOLE_WORD)
    folded = key(text.removesuffix(WHOLE_WORD))
    if not folded:
        raise LexiconError(f"empty stem {text!r}")
    whole = whole or (len(folded) <= _PARTICLE and folded.isalpha())
    return folded + WHOLE_WORD if whole else folded


def _known_codes() -> dict[str, frozenset[str]]:
    known = taxonomy()
    return {
        "kind": frozenset(known.kinds),
        "category": frozenset(known.categories),
        "topic": frozenset(known.topics),
        "urgent": frozenset({"URGENT"}),
        "calm": frozenset({"CALM"}),
        "override": _OVERRIDES,
    }


def _terms(rows: Sequence[dict[str, Any]], known: dict[str, frozenset[str]]) -> Iterator[Term]:
    for number, row in enumerate(rows, start=1):
        # A subject (a referral, sick leave …) is complained of and asked about in the same words.
        for group in ("category", "topic") if row["group"] == "subject" else (row["group"],):
            if row["code"] not in known.get(group, ()):
                raise LexiconError(f"terms row {number}: unknown {group} code {row['code']}")
            for text in row["stems"]:
                stems = tuple(_stem(part) for part in text.split())
                if not stems:
                    raise LexiconError(f"terms row {number}: empty term")
                yield Term(text.replace(WHOLE_WORD, ""), stems, group, row["code"], row["weight"])


def build(data: dict[str, Any]) -> Lexicon:
    """The dictionary from its parsed file. Raises LexiconError for a code that the taxonomy does not hold."""
    known = _known_codes()
    if set(known) != set(get_args(Group)):
        raise LexiconError("groups and code lists differ")
    phrases, stems = Node(), set[str]()
    for term in _terms(data["terms"], known):
        node = phrases
        for stem in term.stems:
            node = node.following.setdefault(stem, Node())
        if any(vars(each) == vars(term) for each in node.terms):
            raise LexiconError(f"{term.group} {term.code}: {term.text!r} is given twice")
        node.terms.append(term)
        stems.update(term.stems)
    if unknown := set(data["priors"]) ^ known["kind"]:
        raise LexiconError(f"priors must name every kind and no other: {sorted(unknown)}")
    openings: dict[str, set[int]] = {}
    for stem in stems:
        if not stem.endswith(WHOLE_WORD):
            openings.setdefault(stem[:_OPENING], set()).add(len(stem))
    return Lexicon(
        version=data["version"],
        settings=Settings(**data["settings"]),
        priors=data["priors"],
        stems=frozenset(stems),
        lengths={opening: tuple(sorted(lengths)) for opening, lengths in openings.items()},
        phrases=phrases,
    )


@cache
def lexicon() -> Lexicon:
    """The product's dictionary, read and checked once per process."""
    return build(tomllib.loads(files(__package__).joinpath("data/lexicon.toml").read_text(encoding="utf-8")))
