"""The dictionary of stems: read once from `data/lexicon.toml`, checked against the taxonomy, matched by the beginnings of words."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
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


_Known = tuple[Sequence[str], Sequence[Term], Sequence[Node]]
"""What the dictionary has for a word: the stems that it begins with, the terms that they are, and the openings of phrases."""
_Spoken = tuple[int, Token, Sequence[str], Sequence[Term], Sequence[Node]]
"""A word that the dictionary knows: its number in the text, itself, and what is known of it."""


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
        remembered = self._remembered
        spoken: list[_Spoken] = []
        for place, token in enumerate(tokens):
            word = token.key
            known = remembered(word) if word.isalpha() else self._known(word)
            if known is not None:
                spoken.append((place, token, *known))
        hits: list[Hit] = []
        for number, (place, token, _, terms, openings) in enumerate(spoken):
            for term in terms:
                hits.append(Hit(term, token.start, token.end, place))  # noqa: PERF401 - mostly one or none: a loop is twice as fast
            for opening in openings:
                self._follow(opening.following, spoken, number, token.start, hits)
        return hits

    @cached_property
    def _remembered(self) -> Callable[[str], _Known | None]:
        return lru_cache(maxsize=_REMEMBERED)(self._known)

    def _known(self, word: str) -> _Known | None:
        stems = self._stems_of(word)
        if not stems:
            return None
        nodes = [node for stem in stems if (node := self.phrases.following.get(stem)) is not None]
        return stems, [term for node in nodes for term in node.terms], [node for node in nodes if node.following]

    def _stems_of(self, word: str) -> Sequence[str]:
        lengths = self.lengths.get(word[:_OPENING], ()) + (self.lengths.get(word[:1], ()) if len(word) > 1 else ())
        found = [start for length in lengths if length <= len(word) and (start := word[:length]) in self.stems]
        if (whole := word + WHOLE_WORD) in self.stems:
            found.append(whole)
        return found

    def _follow(self, expected: Mapping[str, Node], spoken: Sequence[_Spoken], number: int, start: int, hits: list[Hit]) -> None:
        """Go on with phrases that began at `start` and of which the `number`th known word was the latest."""
        latest, before = spoken[number][:2]
        farthest = latest + 1 + self.settings.phrase_gap
        for following in range(number + 1, len(spoken)):
            place, token, stems, _, _ = spoken[following]
            if place > farthest or token.sentence != before.sentence:
                return
            for stem in stems:
                if (node := expected.get(stem)) is not None:
                    hits += (Hit(term, start, token.end, place) for term in node.terms)
                    if node.following:
                        self._follow(node.following, spoken, following, start, hits)


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
