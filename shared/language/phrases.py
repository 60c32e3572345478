"""Search for stems (beginnings of words) and phrases in the words of a text with a prefix tree of phrases. Linear in the text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, field
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


@dataclass(frozen=True, eq=False, slots=True)
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


@dataclass(slots=True)
class Node:
    """A node of the prefix tree: the terms that end here and the stems that may follow. `expected`: their bits."""

    terms: list[Term] = field(default_factory=list)
    following: dict[str, "Node"] = field(default_factory=dict)
    expected: int = 0


class _Entry(NamedTuple):
    """What the dictionary knows of a word.

    `stems`: those that it begins with; `terms`: those that they are; `openings`: the phrases that begin with them. `bits`: those of its
    stems that may continue a phrase; `expected`: the bits of the stems that continue one of `openings`.
    """

    stems: Sequence[str]
    terms: Sequence[Term]
    openings: Sequence[Node]
    bits: int
    expected: int


_Found = tuple[int, Token, _Entry]
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
            if any(astuple(each) == astuple(term) for each in node.terms):
                raise LexiconError(f"{term.group} {term.code}: {term.text!r} is given twice")
            node.terms.append(term)
            self._stems.update(term.stems)
        self._bits: dict[str, int] = {}
        self._number(self.phrases.following.values())
        self._entries: dict[tuple[str, ...], _Entry] = {}
        openings: dict[str, set[int]] = {}
        for stem in self._stems:
            if not stem.endswith(WHOLE_WORD):
                openings.setdefault(stem[:_OPENING], set()).add(len(stem))
        self._lengths = {opening: tuple(sorted(lengths)) for opening, lengths in openings.items()}

    def _number(self, nodes: Iterable[Node]) -> None:
        """Give each stem that continues a phrase a bit, in order to see quickly that a word continues none."""
        for node in nodes:
            for stem in node.following:
                node.expected |= self._bits.setdefault(stem, 1 << len(self._bits))
            self._number(node.following.values())

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """Return all matched terms."""
        remembered, make = self._remembered, tuple.__new__  # a NamedTuple's own constructor takes three times as long
        entries = {
            word: remembered(word) if word.isalpha() or len(word) <= _SHORT_NUMBER else self._entry(word)
            for word in {token[0] for token in tokens}
        }
        found = [(place, token, entry) for place, token in enumerate(tokens) if (entry := entries[token[0]]) is not None]
        bits = [entry[3] for _, _, entry in found]
        hits: list[Hit] = []
        append, reach = hits.append, self.gap + 2
        for number, (place, token, (_, terms, openings, _, expected)) in enumerate(found):
            for term in terms:
                append(make(Hit, (term, token[1], token[2], place)))
            if expected:
                for following in bits[number + 1 : number + reach]:
                    if following & expected:  # otherwise no phrase goes on
                        for opening in openings:
                            self._follow(opening, found, number, token[1], hits)
                        break
        return hits

    @cached_property
    def _remembered(self) -> Callable[[str], _Entry | None]:
        return lru_cache(maxsize=_REMEMBERED)(self._entry)

    def _entry(self, word: str) -> _Entry | None:
        """Return the entry of a word; words with the same stems share one."""
        stems = self._stems_of(word)
        if not stems:
            return None
        if stems not in self._entries:
            nodes = [node for stem in stems if (node := self.phrases.following.get(stem)) is not None]
            openings = tuple(node for node in nodes if node.following)
            bits, expected = 0, 0
            for stem in stems:
                bits |= self._bits.get(stem, 0)
            for opening in openings:
                expected |= opening.expected
            self._entries[stems] = _Entry(stems, tuple(term for node in nodes for term in node.terms), openings, bits, expected)
        return self._entries[stems]

    def _stems_of(self, word: str) -> tuple[str, ...]:
        lengths = self._lengths.get(word[:_OPENING], ()) + (self._lengths.get(word[:1], ()) if len(word) > 1 else ())
        found = [start for length in lengths if length <= len(word) and (start := word[:length]) in self._stems]
        if (whole := word + WHOLE_WORD) in self._stems:
            found.append(whole)
        return tuple(found)

    def _follow(self, node: Node, found: Sequence[_Found], number: int, start: int, hits: list[Hit]) -> None:
        """Continue the phrases that began at `start` and whose latest word is the `number`th known word.

        Of several occurrences of a stem the nearest counts. Otherwise repeated words would multiply the matches with every stem.
        """
        latest, before, _ = found[number]
        expected, continued = node.expected, node.following
        met: list[str] = []
        examined: Sequence[str] = ()
        farthest = latest + 1 + self.gap
        for following in range(number + 1, len(found)):
            place, token, (stems, _, _, bits, _) = found[following]
            if place > farthest or token[3] != before[3]:
                return
            if stems is examined or not bits & expected:  # the same word again, or one that continues no phrase
                continue
            examined = stems
            for stem in stems:
                if (next_node := continued.get(stem)) is not None and stem not in met:
                    met.append(stem)
                    hits += (Hit(term, start, token[2], place) for term in next_node.terms)
                    if next_node.following:
                        self._follow(next_node, found, following, start, hits)
            if len(met) == len(continued):
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
