"""Finding the provider that people mean: a fuzzy index of names in Kazakh, Russian and Latin letters.

A name is its numbers, which must agree exactly, and its words, which weigh by how far they tell providers apart and may be misspelt.
The score is the covered share of what was typed, mixed with the covered share of the full name.
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

from provider_contact.policy import matching_policy, name_weights
from shared.domain.names import fold, normalise_name, to_cyrillic
from shared.domain.regions import CENTRAL_OFFICE, regions

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_MISSPELT = 4  # letters: in three a wrong one makes another word
_SHORTEST_PREFIX = 3
_LIKE_WORDS = 5  # of the directory's words, for one that was typed
_LAST = "\uffff"


@dataclass(frozen=True, slots=True)
class Listed:
    """A provider as the index knows it. `bin` is the sealed value, `bin_key` its keyed hash."""

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
        yield from filter(None, (self.name_kk, self.name_ru, self.short_name, *self.aliases))


@dataclass(frozen=True, slots=True)
class Hit:
    """A provider with its score, 0 to 1. `distinctive`: more than numbers and common words agree."""

    listed: Listed
    score: float
    distinctive: bool


@dataclass(frozen=True, slots=True)
class _Name:
    owner: int
    numbers: frozenset[str]
    weight: float


@dataclass(slots=True)
class _Typed:
    """A word that was typed: what it may stand for, the best first, its weight, and the names it was found in."""

    likes: list[tuple[str, float]]
    weight: float
    found: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Covered:
    """By name: the weight of what was typed and found in it, the weight of its own words that were typed; and the distinctive ones."""

    typed: defaultdict[int, float]
    named: defaultdict[int, float]
    distinctive: set[int]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rule says of a typed name: the provider, or none and the candidates for a clerk."""

    provider: Hit | None
    candidates: tuple[Hit, ...]


class NameIndex:
    """An index over some providers; building takes about 40 µs a provider, and it never changes afterwards."""

    def __init__(self, providers: Sequence[Listed]) -> None:
        self._providers = providers
        self._names: list[_Name] = []
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        self._by_numbers: defaultdict[frozenset[str], list[int]] = defaultdict(list)
        self._surfaces: dict[str, str] = {}
        for owner, listed in enumerate(providers):
            self._add(owner, listed)
        self._sorted_surfaces = sorted(self._surfaces)

    def _add(self, owner: int, listed: Listed) -> None:
        own_region = _region_words().get(listed.region, frozenset())
        seen: set[tuple[frozenset[str], frozenset[str]]] = set()
        for name in listed.names:
            for surface in _WORD.findall(fold(to_cyrillic(name))):
                token = normalise_name(surface)
                if token and " " not in token:
                    self._surfaces.setdefault(surface, token)
            numbers, words = _parts(name)
            if (numbers, words) in seen or not (numbers or words):
                continue
            seen.add((numbers, words))
            position = len(self._names)
            weight = sum(_weight(word) for word in words - own_region) + _number_weight(numbers)
            self._names.append(_Name(owner, numbers, weight))
            self._by_numbers[numbers].append(position)
            for word in words:
                self._surfaces[word] = word
                if word not in own_region or words <= own_region:
                    self._by_word[word].append(position)

    def search(self, text: str) -> list[Hit]:
        """Every provider that could be meant, best first; equals in the order of their Kazakh names."""
        policy = matching_policy()
        numbers, words = _parts(text)
        typed_words = [_Typed(likes, _weight(likes[0][0])) for likes in map(self._like, sorted(words))]
        asked = sum(word.weight for word in typed_words) + _number_weight(numbers)
        if not asked:
            return []
        covered = self._covered(numbers, typed_words)
        best: dict[int, Hit] = {}
        for position, own in covered.named.items():
            name = self._names[position]
            score = policy.query_share * covered.typed[position] / asked + (1 - policy.query_share) * min(1.0, own / (name.weight or own))
            if name.numbers != numbers:
                score *= policy.number_missing
            score = round(score * min(1.0, asked / policy.evidence), 4)
            if score >= policy.candidate_floor and (name.owner not in best or score > best[name.owner].score):
                best[name.owner] = Hit(self._providers[name.owner], score, position in covered.distinctive)
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.listed.name_kk, hit.listed.provider_id))

    def _covered(self, numbers: frozenset[str], words: Sequence["_Typed"]) -> "_Covered":
        covered = _Covered(defaultdict(float), defaultdict(float), set())
        for position in self._by_numbers.get(numbers, ()) if numbers else ():
            covered.typed[position] = covered.named[position] = _number_weight(numbers)
        possible = {*self._by_numbers.get(numbers, ()), *self._by_numbers.get(frozenset(), ())} if numbers else None
        for word in words:
            found: set[int] = set()
            for token, likeness in word.likes:
                own = _weight(token)
                fresh = [one for one in self._by_word.get(token, ()) if one not in found and (possible is None or one in possible)]
                found.update(fresh)
                for position in fresh:
                    covered.typed[position] += word.weight * likeness
                    covered.named[position] += own * likeness
                if own >= matching_policy().word_weight:
                    covered.distinctive.update(fresh)
            word.found = found
        self._cover_places(covered, words)
        return covered

    def _cover_places(self, covered: "_Covered", words: Sequence["_Typed"]) -> None:
        """A typed region is right for every provider in it, whether or not its name says so."""
        for word in words:
            token, likeness = word.likes[0]
            there = {region for region, names in _region_words().items() if token in names}
            if not there:
                continue
            for position in covered.named.keys() - word.found:
                if self._providers[self._names[position].owner].region in there:
                    covered.typed[position] += word.weight * likeness
                    if word.weight >= matching_policy().word_weight:
                        covered.distinctive.add(position)

    def _like(self, word: str) -> list[tuple[str, float]]:
        """Words of the directory that a typed one may stand for, with their likeness, the best first; itself if it is like none."""
        if word in self._by_word:
            return [(word, 1.0)]
        policy = matching_policy()
        found: dict[str, float] = {}
        if len(word) >= _SHORTEST_PREFIX:
            start, end = bisect_left(self._sorted_surfaces, word), bisect_left(self._sorted_surfaces, word + _LAST)
            found = {self._surfaces[surface]: policy.prefix_likeness for surface in self._sorted_surfaces[start:end]}
        if len(word) >= _SHORTEST_MISSPELT:
            near = process.extract(
                word, self._sorted_surfaces, scorer=OSA.normalized_similarity, score_cutoff=policy.likeness_cutoff, limit=_LIKE_WORDS
            )
            for surface, likeness, _ in near:
                token = self._surfaces[surface]
                found[token] = max(found.get(token, 0.0), likeness)
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0])) or [(word, 1.0)]


class ProviderIndex:
    """The directory's index: one for each region, which is small and quick, and one for the country."""

    def __init__(self, providers: Sequence[Listed]) -> None:
        self.providers = {one.provider_id: one for one in sorted(providers, key=lambda one: (one.name_kk, one.provider_id))}
        self.by_bin_key = {one.bin_key: one for one in providers}
        by_region: defaultdict[str, list[Listed]] = defaultdict(list)
        for one in providers:
            by_region[one.region].append(one)
        self._regions = {region: NameIndex(some) for region, some in by_region.items()}
        self._country = NameIndex(providers)

    def search(self, text: str, region: str | None = None) -> list[Hit]:
        """Providers by name, within a region or in the whole country."""
        if region is None:
            return self._country.search(text)
        return self._regions[region].search(text) if region in self._regions else []

    def listed(self, region: str | None = None) -> list[Listed]:
        """All providers of a region, or all, by Kazakh name."""
        return [one for one in self.providers.values() if region is None or one.region == region]

    def decide(self, text: str, region: str) -> Decision:
        """The provider that a typed name means: in the appeal's region first, then anywhere by a stricter rule.

        Elsewhere numbers and common words decide nothing: a fifth polyclinic is everywhere.
        """
        policy = matching_policy()
        near = self.search(text, region) if region != CENTRAL_OFFICE else []
        if (found := _clear(near)) and found.score >= policy.region_threshold:
            return Decision(found, ())
        far = self.search(text)
        if (found := _clear(far)) and found.score >= policy.country_threshold and found.distinctive:
            return Decision(found, ())
        known = {hit.listed.provider_id for hit in near}
        return Decision(None, tuple([*near, *(hit for hit in far if hit.listed.provider_id not in known)][: policy.candidates]))


def _clear(hits: Sequence[Hit]) -> Hit | None:
    """The best hit if the second is far enough behind."""
    if len(hits) > 1 and hits[0].score - hits[1].score < matching_policy().margin:
        return None
    return hits[0] if hits else None


def _parts(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Numbers and words of a name."""
    tokens = normalise_name(text).split()
    return frozenset(filter(str.isdigit, tokens)), frozenset(token for token in tokens if not token.isdigit())


def _weight(word: str) -> float:
    return name_weights().get(word, matching_policy().word_weight)


def _number_weight(numbers: frozenset[str]) -> float:
    return matching_policy().number_weight if numbers else 0.0


@cache
def _region_words() -> Mapping[str, frozenset[str]]:
    """What people add to a name to say where: the region and its centre, in both languages."""
    return {
        code: frozenset(
            word for label in (region.label, region.centre) for text in (label.kk, label.ru) for word in normalise_name(text).split()
        )
        for code, region in regions().items()
        if code != CENTRAL_OFFICE
    }
