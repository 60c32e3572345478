"""Search for stems (beginnings of words) and phrases in the words of a text with a prefix tree of phrases. Linear in the text."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from shared.language.tokens import Token, key

WHOLE_WORD = "="  # a stem with this suffix matches a whole word, not a beginning
_PARTICLE = 2  # letters: не, на, ма … are the beginning of too many words
_OPENING = 2  # letters by which the possible stems of a word are looked up
_SHORT_NUMBER = 4  # digits: a year, a temperature; longer numbers may be personal and are not cached
_REMEMBERED = 65_536  # words of at most 40 characters; single words, in memory only


class LexiconError(ValueError):
    """The dictionary names an unknown code or group, or an empty stem. The service must not start."""


@dataclass(frozen=True, eq=False)
class Term:
    """A stem or phrase, the code it supports and its weight (roughly log-odds). Terms are unique."""

    text: str
    stems: tuple[str, ...]
    group: str
    code: str
    weight: float

    @classmethod
    def of(cls, text: str, group: str, code: str, weight: float) -> "Term":
        """Parse a term of a dictionary. Raises LexiconError for an empty one."""
        stems = tuple(map(folded_stem, text.split()))
        if not stems:
            raise LexiconError(f"{group} {code}: empty term")
        return cls(text.replace(WHOLE_WORD, ""), stems, group, code, weight)


class Hit(NamedTuple):
    """A matched term. `start:end` is its position in the original text, `last` the number of its last word."""

    term: Term
    start: int
    end: int
    last: int


@dataclass
class Node:
    """A node of the prefix tree: the terms that end here and the stems that may follow."""

    terms: list[Term] = field(default_factory=list)
    following: dict[str, "Node"] = field(default_factory=dict)


_Known = tuple[Sequence[str], Sequence[Term], Sequence[Node]]
"""The dictionary's entry of a word: its stems, the terms they are, and the phrases that begin with them."""
_Found = tuple[int, Token, Sequence[str], Sequence[Term], Sequence[Node]]
"""A known word: its number in the text, its token, and its entry in the dictionary."""


class PhraseIndex:
    """The terms of a dictionary. The stems of a phrase occur in order in one sentence, at most `gap` words apart."""

    def __init__(self, terms: Iterable[Term], gap: int) -> None:
        """Build the tree. Raises LexiconError for a duplicate term."""
        self.phrases = Node()
        self.gap = gap
        self._stems: set[str] = set()
        for term in terms:
            node = self.phrases
            for stem in term.stems:
                node = node.following.setdefault(stem, Node())
            if any(vars(each) == vars(term) for each in node.terms):
                raise LexiconError(f"{term.group} {term.code}: {term.text!r} is given twice")
            node.terms.append(term)
            self._stems.update(term.stems)
        openings: dict[str, set[int]] = {}
        for stem in self._stems:
            if not stem.endswith(WHOLE_WORD):
                openings.setdefault(stem[:_OPENING], set()).add(len(stem))
        self._lengths = {opening: tuple(sorted(lengths)) for opening, lengths in openings.items()}

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """Return all matched terms."""
        remembered = self._remembered
        found: list[_Found] = []
        for place, token in enumerate(tokens):
            word = token[0]
            known = remembered(word) if word.isalpha() or len(word) <= _SHORT_NUMBER else self._known(word)
            if known is not None:
                found.append((place, token, *known))
        hits: list[Hit] = []
        for number, (place, token, _, terms, openings) in enumerate(found):
            for term in terms:
                hits.append(Hit(term, token[1], token[2], place))  # noqa: PERF401 - mostly one or none: a loop is twice as fast
            if openings and number + 1 < len(found) and found[number + 1][0] <= place + 1 + self.gap:  # otherwise no phrase goes on
                for opening in openings:
                    self._follow(opening.following, found, number, token[1], hits)
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
        lengths = self._lengths.get(word[:_OPENING], ()) + (self._lengths.get(word[:1], ()) if len(word) > 1 else ())
        found = [start for length in lengths if length <= len(word) and (start := word[:length]) in self._stems]
        if (whole := word + WHOLE_WORD) in self._stems:
            found.append(whole)
        return found

    def _follow(self, expected: Mapping[str, Node], found: Sequence[_Found], number: int, start: int, hits: list[Hit]) -> None:
        """Continue the phrases that began at `start` and whose latest word is the `number`th known word.

        Of several occurrences of a stem the nearest counts. Otherwise repeated words would multiply the matches with every stem.
        """
        latest, before = found[number][:2]
        met: list[str] = []
        examined: Sequence[str] = ()
        unexpected = expected.keys().isdisjoint
        farthest = latest + 1 + self.gap
        for following in range(number + 1, len(found)):
            place, token, stems, _, _ = found[following]
            if place > farthest or token.sentence != before.sentence:
                return
            if stems is examined or unexpected(stems):  # the same word again, or one that continues no phrase
                continue
            examined = stems
            for stem in stems:
                if (node := expected.get(stem)) is not None and stem not in met:
                    met.append(stem)
                    hits += (Hit(term, start, token.end, place) for term in node.terms)
                    if node.following:
                        self._follow(node.following, found, following, start, hits)
            if len(met) == len(expected):
                return


def folded_stem(text: str) -> str:
    """Return a stem of a dictionary as words are compared with it, a whole word with its mark. Raises LexiconError for an empty one."""
    if text in {"?", '"'}:
        return text + WHOLE_WORD
    whole = text.endswith(WHOLE_WORD)
    folded = key(text.removesuffix(WHOLE_WORD))
    if not folded:
        raise LexiconError(f"empty stem {text!r}")
    whole = whole or (len(folded) <= _PARTICLE and folded.isalpha())
    return folded + WHOLE_WORD if whole else folded
