"""A fuzzy index of provider names in Kazakh, Russian and Latin letters.

Intake suggests organisations to the applicant with it, and provider-contact matches typed names with the directory.

A name consists of numbers, which must be equal, and words, which are weighted by how far they distinguish providers and may be misspelt.
The score combines the matched share of the typed text with the matched share of the full name.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import process
from rapidfuzz.distance import OSA

from shared.domain.names import NameWord, name_words, normalise_name
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import rows
from shared.policy_files import policy_model

_SHORTEST_MISSPELT = 4  # letters: in a word of three, one wrong letter makes another word
_SHORTEST_PREFIX = 3
_SIMILAR_WORDS = 5  # words of the directory considered for one typed word
_LAST = "\uffff"


class NamedProvider(Protocol):
    """A provider with the names it can be found by. `region`: its code."""

    @property
    def name_kk(self) -> str: ...

    @property
    def name_ru(self) -> str: ...

    @property
    def short_name(self) -> str: ...

    @property
    def aliases(self) -> Sequence[str]: ...

    @property
    def region(self) -> str: ...


P = TypeVar("P", bound=NamedProvider)
Q = TypeVar("Q", bound=NamedProvider)


class NameSearchPolicy(BaseModel):
    """Weights of the name search and thresholds of the decision; the file gives the reason for each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    candidate_floor: float = Field(gt=0, lt=1)
    query_share: float = Field(gt=0, lt=1)
    word_weight: float = Field(gt=0)
    number_weight: float = Field(gt=0)
    number_missing: float = Field(gt=0, lt=1)
    evidence: float = Field(gt=0)
    likeness_cutoff: float = Field(gt=0, lt=1)
    prefix_likeness: float = Field(gt=0, lt=1)
    region_threshold: float = Field(gt=0, le=1)
    margin: float = Field(ge=0, lt=1)


@cache
def name_search_policy() -> NameSearchPolicy:
    """Return the weights and thresholds. Raises ValidationError for a missing or wrong value."""
    return policy_model("shared.domain", "name_search.toml", NameSearchPolicy)


@cache
def name_weights() -> Mapping[str, float]:
    """Return the weight of each common word, above 0 and up to 1. Raises ReferenceDataError for a wrong row."""
    found: dict[str, float] = {}
    for row in rows("name_weights.csv"):
        token, weight = row.text("token"), float(row.text("weight"))
        if token in found or not 0 < weight <= 1 or not row.text("reason"):
            raise row.error(f"{token} is listed twice or its weight is not above 0 and up to 1")
        found[token] = weight
    return found


def check_name_search() -> None:
    """Load the files of the name search. Raises ReferenceDataError or ValidationError, so that no process starts with a wrong file."""
    name_search_policy()
    name_weights()


@dataclass(frozen=True, slots=True)
class Hit(Generic[P]):
    """A provider with its score, 0 to 1. `distinctive`: the match includes more than numbers and common words."""

    provider: P
    score: float
    distinctive: bool


@dataclass(frozen=True, slots=True)
class _Name:
    owner: int
    numbers: frozenset[str]
    weight: float


@dataclass(slots=True)
class _TypedWord:
    """A typed word: the words of the directory it may stand for, best first, its weight, and the positions of the names it was found in."""

    similar: list[tuple[str, float]]
    weight: float
    found: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Coverage:
    """What was matched, by position of the name. `typed`: the weight of the typed words; `named`: the weight of the name's own words.

    `distinctive`: positions of names that a distinctive word matched.
    """

    typed: defaultdict[int, float]
    named: defaultdict[int, float]
    distinctive: set[int]


class NameIndex(Generic[P]):
    """An immutable index over a list of providers. Building it takes about 200 µs a provider, 16 µs if its names are known."""

    def __init__(self, providers: Sequence[P]) -> None:
        self._providers = providers
        self._names: list[_Name] = []
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        self._by_numbers: defaultdict[frozenset[str], list[int]] = defaultdict(list)
        self._surfaces: dict[str, str] = {}
        self._joined: dict[str, float] = {}
        """Weights of two neighbouring words of a name written as one («данамед» of «Дана Мед»)."""
        for owner, provider in enumerate(providers):
            self._add(owner, provider)
        self._sorted_surfaces = sorted(self._surfaces)

    def _add(self, owner: int, provider: P) -> None:
        own_region = _region_words().get(provider.region, frozenset())
        seen: set[tuple[frozenset[str], frozenset[str]]] = set()
        for name in names_of(provider):
            parsed = _parsed(name)
            for surface, token in parsed.surfaces:
                self._surfaces.setdefault(surface, token)
            if (parsed.numbers, parsed.tokens) in seen or not (parsed.numbers or parsed.tokens):
                continue
            seen.add((parsed.numbers, parsed.tokens))
            position = len(self._names)
            weight = sum(_weight(word) for word in parsed.tokens - own_region) + _number_weight(parsed.numbers)
            self._names.append(_Name(owner, parsed.numbers, weight))
            self._by_numbers[parsed.numbers].append(position)
            for word in parsed.tokens:
                self._surfaces[word] = word
                if word not in own_region or parsed.tokens <= own_region:
                    self._by_word[word].append(position)
            for joined, joined_weight in parsed.joined:
                if joined not in parsed.tokens:
                    self._surfaces.setdefault(joined, joined)
                    self._joined.setdefault(joined, joined_weight)
                    self._by_word[joined].append(position)

    def search(self, text: str) -> list[Hit[P]]:
        """Return every provider that the text could mean, best first; equal scores by Kazakh name, then by position in the list."""
        typed = name_words(text)
        best: dict[int, Hit[P]] = {}
        for interpretation in (typed, self._with_joined(typed)):
            if interpretation:
                self._search(interpretation, best)
        return [hit for _, hit in sorted(best.items(), key=lambda pair: (-pair[1].score, pair[1].provider.name_kk, pair[0]))]

    def over(self, providers: Sequence[Q]) -> "NameIndex[Q]":
        """Return this index for other objects with the same names in the same order."""
        shared: NameIndex[Q] = NameIndex.__new__(NameIndex)
        shared.__dict__ |= self.__dict__
        shared._providers = providers
        return shared

    def _with_joined(self, typed: Sequence[NameWord]) -> list[NameWord] | None:
        """Return the words with neighbours that the directory writes as one («асыл жан» for «Асылжан»); None if there are none."""
        found: list[NameWord] = []
        for word in typed:
            joined = found[-1].surface + word.surface if found else ""
            if joined in self._surfaces and not joined.isdigit():
                found[-1] = NameWord(joined, (self._surfaces[joined],))
            else:
                found.append(word)
        return found if len(found) < len(typed) else None

    def _search(self, typed: Sequence[NameWord], best: dict[int, Hit[P]]) -> None:
        """Put the hits of one interpretation of a text into `best`, where a provider does not have a better one."""
        policy = name_search_policy()
        numbers, tokens = self._typed(typed)
        typed_words = [_TypedWord(similar, self._weight(similar[0][0])) for similar in map(self._similar, sorted(tokens))]
        typed_weight = sum(word.weight for word in typed_words) + _number_weight(numbers)
        if not typed_weight:
            return
        coverage = self._coverage(numbers, typed_words)
        for position, own in coverage.named.items():
            name = self._names[position]
            of_typed, of_name = coverage.typed[position] / typed_weight, min(1.0, own / (name.weight or own))
            score = policy.query_share * of_typed + (1 - policy.query_share) * of_name
            if name.numbers != numbers:
                score *= policy.number_missing
            score = round(score * min(1.0, typed_weight / policy.evidence), 4)
            if score >= policy.candidate_floor and (name.owner not in best or score > best[name.owner].score):
                best[name.owner] = Hit(self._providers[name.owner], score, position in coverage.distinctive)

    def _typed(self, typed: Sequence[NameWord]) -> tuple[frozenset[str], set[str]]:
        """Return the numbers and the other tokens of typed words. A word that joins two of the directory is a token itself."""
        tokens = {token for word in typed for token in ((word.surface,) if word.surface in self._joined else word.tokens)}
        return frozenset(filter(str.isdigit, tokens)), {token for token in tokens if not token.isdigit()}

    def _weight(self, word: str) -> float:
        return self._joined.get(word) or _weight(word)

    def _coverage(self, numbers: frozenset[str], typed_words: Sequence[_TypedWord]) -> _Coverage:
        coverage = _Coverage(defaultdict(float), defaultdict(float), set())
        for position in self._by_numbers.get(numbers, ()) if numbers else ():
            coverage.typed[position] = coverage.named[position] = _number_weight(numbers)
        possible = {*self._by_numbers.get(numbers, ()), *self._by_numbers.get(frozenset(), ())} if numbers else None
        for word in typed_words:
            found: set[int] = set()
            for token, likeness in word.similar:
                own = self._weight(token)
                positions = self._by_word.get(token, ())
                fresh = [position for position in positions if position not in found and (possible is None or position in possible)]
                found.update(fresh)
                for position in fresh:
                    coverage.typed[position] += word.weight * likeness
                    coverage.named[position] += own * likeness
                if own >= name_search_policy().word_weight:
                    coverage.distinctive.update(fresh)
            word.found = found
        self._cover_regions(coverage, typed_words)
        return coverage

    def _cover_regions(self, coverage: _Coverage, typed_words: Sequence[_TypedWord]) -> None:
        """Count a typed region as matched for every provider in it, whether or not the provider's name contains the region."""
        for word in typed_words:
            token, likeness = word.similar[0]
            matching_regions = {region for region, names in _region_words().items() if token in names}
            if not matching_regions:
                continue
            for position in coverage.named.keys() - word.found:
                if self._providers[self._names[position].owner].region in matching_regions:
                    coverage.typed[position] += word.weight * likeness
                    if word.weight >= name_search_policy().word_weight:
                        coverage.distinctive.add(position)

    def _similar(self, word: str) -> list[tuple[str, float]]:
        """Return words of the directory that a typed word may stand for, with their likeness, best first; the word itself if none is."""
        if word in self._by_word:
            return [(word, 1.0)]
        policy = name_search_policy()
        found: dict[str, float] = {}
        if len(word) >= _SHORTEST_PREFIX:
            start, end = bisect_left(self._sorted_surfaces, word), bisect_left(self._sorted_surfaces, word + _LAST)
            found = {self._surfaces[surface]: policy.prefix_likeness for surface in self._sorted_surfaces[start:end]}
        if len(word) >= _SHORTEST_MISSPELT:
            near = process.extract(
                word, self._sorted_surfaces, scorer=OSA.normalized_similarity, score_cutoff=policy.likeness_cutoff, limit=_SIMILAR_WORDS
            )
            for surface, likeness, _ in near:
                token = self._surfaces[surface]
                found[token] = max(found.get(token, 0.0), likeness)
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0])) or [(word, 1.0)]


class _Names(NamedTuple):
    """The names of a provider without the rest of its row."""

    name_kk: str
    name_ru: str
    short_name: str
    aliases: tuple[str, ...]
    region: str


def index_over(providers: Sequence[P]) -> NameIndex[P]:
    """Return an index over these providers. Lists with the same names share one, so that a search of a replica builds none."""
    names = tuple(_Names(each.name_kk, each.name_ru, each.short_name, tuple(each.aliases), each.region) for each in providers)
    return _index_of(names).over(providers)


@lru_cache(maxsize=32)  # the regions and the country, and some of the former directory; 2 MB for 5 000 providers
def _index_of(names: tuple[_Names, ...]) -> NameIndex[_Names]:
    return NameIndex(names)


def clear_winner(hits: Sequence[Hit[P]], threshold: float) -> Hit[P] | None:
    """Return the best hit if it reaches the threshold and is far enough ahead of the second."""
    if not hits or hits[0].score < threshold:
        return None
    if len(hits) > 1 and hits[0].score - hits[1].score < name_search_policy().margin:
        return None
    return hits[0]


def names_of(provider: NamedProvider) -> Iterator[str]:
    """Yield every name of the provider."""
    return filter(None, (provider.name_kk, provider.name_ru, provider.short_name, *provider.aliases))


class _ParsedName(NamedTuple):
    """A name of the directory: its words as written with their normal forms, its numbers, its other tokens, and its joined words.

    `joined`: two neighbouring words as one, with the weight of both, if at least one of them is distinctive.
    """

    surfaces: tuple[tuple[str, str], ...]
    numbers: frozenset[str]
    tokens: frozenset[str]
    joined: tuple[tuple[str, float], ...]


@lru_cache(maxsize=16_384)  # an index of 1 500 providers takes 0.29 s from new names and 0.024 s from known ones
def _parsed(name: str) -> _ParsedName:
    """Return a parsed name of the directory. Names that people type are not cached."""
    written = [word for word in name_words(name) if word.tokens]
    tokens = [token for word in written for token in word.tokens]
    return _ParsedName(
        surfaces=tuple((word.surface, word.tokens[0]) for word in written if len(word.tokens) == 1),
        numbers=frozenset(filter(str.isdigit, tokens)),
        tokens=frozenset(token for token in tokens if not token.isdigit()),
        joined=tuple(_joined(written)),
    )


def _joined(written: Sequence[NameWord]) -> Iterator[tuple[str, float]]:
    for first, second in pairwise(written):
        tokens = (*first.tokens, *second.tokens)
        weight = sum(map(_weight, tokens))
        if weight >= name_search_policy().word_weight and not any(map(str.isdigit, tokens)) and not all(map(name_weights().get, tokens)):
            yield first.surface + second.surface, weight


def _weight(word: str) -> float:
    return name_weights().get(word, name_search_policy().word_weight)


def _number_weight(numbers: frozenset[str]) -> float:
    return name_search_policy().number_weight if numbers else 0.0


@cache
def _region_words() -> Mapping[str, frozenset[str]]:
    """Return the words by which people name a region, by region: the region and its centre, in both languages."""
    return {
        code: frozenset(
            word for label in (region.label, region.centre) for text in (label.kk, label.ru) for word in normalise_name(text).split()
        )
        for code, region in regions().items()
        if code != CENTRAL_OFFICE
    }
