"""A fuzzy index of provider names in Kazakh, Russian and Latin letters.

A name consists of numbers, which must be equal, and words, which are weighted by how far they distinguish providers and may be misspelt.
The score combines the matched share of the typed text with the matched share of the full name.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA

from provider_contact.directory.service.policy import name_search_policy, name_weights
from shared.domain.names import fold, normalise_name, to_cyrillic
from shared.domain.regions import CENTRAL_OFFICE, regions

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_MISSPELT = 4  # letters: in a word of three, one wrong letter makes another word
_SHORTEST_PREFIX = 3
_SIMILAR_WORDS = 5  # words of the directory considered for one typed word
_LAST = "\uffff"


@dataclass(frozen=True, slots=True)
class IndexedProvider:
    """A provider as the index holds it. `bin` is the sealed value, `bin_key` its keyed hash."""

    provider_id: UUID
    bin_key: bytes
    bin: bytes
    name_kk: str
    name_ru: str
    short_name: str
    aliases: tuple[str, ...]
    region: str
    kind: str

    @property
    def names(self) -> Iterator[str]:
        """Yield every name of the provider."""
        yield from filter(None, (self.name_kk, self.name_ru, self.short_name, *self.aliases))


@dataclass(frozen=True, slots=True)
class Hit:
    """A provider with its score, 0 to 1. `distinctive`: the match includes more than numbers and common words."""

    provider: IndexedProvider
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


class NameIndex:
    """An immutable index over a list of providers. Building it takes about 40 µs a provider."""

    def __init__(self, providers: Sequence[IndexedProvider]) -> None:
        self._providers = providers
        self._names: list[_Name] = []
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        self._by_numbers: defaultdict[frozenset[str], list[int]] = defaultdict(list)
        self._surfaces: dict[str, str] = {}
        for owner, provider in enumerate(providers):
            self._add(owner, provider)
        self._sorted_surfaces = sorted(self._surfaces)

    def _add(self, owner: int, provider: IndexedProvider) -> None:
        own_region = _region_words().get(provider.region, frozenset())
        seen: set[tuple[frozenset[str], frozenset[str]]] = set()
        for name in provider.names:
            for surface in _WORD.findall(fold(to_cyrillic(name))):
                token = normalise_name(surface)
                if token and " " not in token:
                    self._surfaces.setdefault(surface, token)
            numbers, tokens = _numbers_and_words(name)
            if (numbers, tokens) in seen or not (numbers or tokens):
                continue
            seen.add((numbers, tokens))
            position = len(self._names)
            weight = sum(_weight(word) for word in tokens - own_region) + _number_weight(numbers)
            self._names.append(_Name(owner, numbers, weight))
            self._by_numbers[numbers].append(position)
            for word in tokens:
                self._surfaces[word] = word
                if word not in own_region or tokens <= own_region:
                    self._by_word[word].append(position)

    def search(self, text: str) -> list[Hit]:
        """Return every provider that the text could mean, best first; equal scores are ordered by Kazakh name."""
        policy = name_search_policy()
        numbers, tokens = _numbers_and_words(text)
        typed_words = [_TypedWord(similar, _weight(similar[0][0])) for similar in map(self._similar, sorted(tokens))]
        typed_weight = sum(word.weight for word in typed_words) + _number_weight(numbers)
        if not typed_weight:
            return []
        coverage = self._coverage(numbers, typed_words)
        best: dict[int, Hit] = {}
        for position, own in coverage.named.items():
            name = self._names[position]
            of_typed, of_name = coverage.typed[position] / typed_weight, min(1.0, own / (name.weight or own))
            score = policy.query_share * of_typed + (1 - policy.query_share) * of_name
            if name.numbers != numbers:
                score *= policy.number_missing
            score = round(score * min(1.0, typed_weight / policy.evidence), 4)
            if score >= policy.candidate_floor and (name.owner not in best or score > best[name.owner].score):
                best[name.owner] = Hit(self._providers[name.owner], score, position in coverage.distinctive)
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.provider.name_kk, hit.provider.provider_id))

    def _coverage(self, numbers: frozenset[str], typed_words: Sequence[_TypedWord]) -> _Coverage:
        coverage = _Coverage(defaultdict(float), defaultdict(float), set())
        for position in self._by_numbers.get(numbers, ()) if numbers else ():
            coverage.typed[position] = coverage.named[position] = _number_weight(numbers)
        possible = {*self._by_numbers.get(numbers, ()), *self._by_numbers.get(frozenset(), ())} if numbers else None
        for word in typed_words:
            found: set[int] = set()
            for token, likeness in word.similar:
                own = _weight(token)
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


class ProviderIndex:
    """The index of the whole directory: one `NameIndex` for each region, which is small and quick, and one for the country."""

    def __init__(self, providers: Sequence[IndexedProvider]) -> None:
        by_name = sorted(providers, key=lambda provider: (provider.name_kk, provider.provider_id))
        self.providers = {provider.provider_id: provider for provider in by_name}
        self.by_bin_key = {provider.bin_key: provider for provider in providers}
        by_region: defaultdict[str, list[IndexedProvider]] = defaultdict(list)
        for provider in providers:
            by_region[provider.region].append(provider)
        self._regions = {region: NameIndex(some) for region, some in by_region.items()}
        self._country = NameIndex(providers)

    def search(self, text: str, region: str | None = None) -> list[Hit]:
        """Return providers by name, in one region or in the whole country, best first."""
        if region is None:
            return self._country.search(text)
        return self._regions[region].search(text) if region in self._regions else []

    def listed(self, region: str | None = None) -> list[IndexedProvider]:
        """Return all providers of a region, or of the country, by Kazakh name."""
        return [provider for provider in self.providers.values() if region is None or provider.region == region]


def _numbers_and_words(text: str) -> tuple[frozenset[str], frozenset[str]]:
    tokens = normalise_name(text).split()
    return frozenset(filter(str.isdigit, tokens)), frozenset(token for token in tokens if not token.isdigit())


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
