"""The trained model of the classifier: probabilities of kinds, top-level categories, topics and sub-categories of a text."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from routing.classification.policy import ModelFile, current_model
from routing.classification.service.choice import GENERAL, WITHOUT_SUBJECT, Declared, Weighed
from routing.classification.service.lexicon import NamedKind
from shared.domain.taxonomy import Subject, taxonomy
from shared.language.linear_model import BrokenModel, Floats, LinearModel, Weights, arrays_of

LEXICON_ARRAY: Final = "lexicon"
"""The array of a model with the weights of the dictionary's sums: kinds, top-level categories and topics, by columns."""
_LEAST: Final = 1e-6  # a probability as a logarithm stays finite
_WIDEST: Final = 3.0  # of a difference between sums of the dictionary: more adds no certainty
_WEIGHTY: Final = 4
_BARRED: Final = -1e9  # the score of a kind that is not allowed
_NO_SUBJECT_SHARE: Final = 0.6  # about what the best subject of the other kinds has: a certain one would favour these kinds
_SUBJECTS: Final[tuple[Subject, Subject]] = ("category", "topic")


class Guess(NamedTuple):
    """The most probable admissible pair, with what its confidence is computed from.

    `family`: a topic or a top-level category; `finest`: its sub-category where that is clear. `rival`: the probability of the second
    pair. `field_share`: the probability that the text is about a category, or a topic, as the kind asks for.
    """

    kind: str
    family: str
    finest: str
    kind_share: float
    family_share: float
    rival: float
    new_words: int
    text_words: int
    field_share: float = 0.5


class _Best(NamedTuple):
    """The most probable subject, its probability and that of the second."""

    family: str
    share: float
    second: float


_NO_SUBJECT: Final = _Best(GENERAL["topic"], _NO_SUBJECT_SHARE, 0.0)
_CLEAR: Final = 0.4
"""The share from which an opinion has a topic other than the general one, by cross-validation; thanks are about care."""


class AppealModel:
    """The model of one version, ready to judge texts."""

    def __init__(self, file: ModelFile) -> None:
        """Raises BrokenModel if the arrays fit neither each other nor the codes of the taxonomy."""
        arrays = arrays_of(file.weights)
        self.about = about = file.metadata
        self.linear = LinearModel(Weights.of(arrays))
        self._lexicon = arrays[LEXICON_ARRAY].astype(np.float32)
        codes = taxonomy()
        known = {*codes.kinds, *codes.topics, *codes.categories}
        if unknown := sorted({*about.kinds, *about.topics, *about.categories, *about.subcategories} - known):
            raise BrokenModel(f"the taxonomy lacks {unknown} of model {about.version}")
        ends = [len(about.kinds), len(about.kinds) + len(about.categories)]
        ends.append(ends[1] + len(about.topics))
        if self.linear.columns != ends[2] + len(about.subcategories) or self._lexicon.shape != (ends[2], self.linear.columns):
            raise BrokenModel(f"model {about.version}: {self.linear.columns} columns, weights of the dictionary {self._lexicon.shape}")
        self._kinds = slice(0, ends[0])
        self._parts: Mapping[Subject, slice] = {"category": slice(ends[0], ends[1]), "topic": slice(ends[1], ends[2])}
        self._families: Mapping[Subject, list[str]] = {"category": about.categories, "topic": about.topics}
        self._fields = [codes.subject_field(kind) for kind in about.kinds]
        self._rows = {code: row for row, code in enumerate(about.kinds)}
        self._subject_rows: Mapping[Subject, Mapping[str, int]] = {
            field: {code: self._parts[field].start + row for row, code in enumerate(self._families[field])} for field in _SUBJECTS
        }
        self._children = {
            root: [(ends[2] + row, code) for row, code in enumerate(about.subcategories) if codes.categories[code].parent == root]
            for root in about.categories
        }

    def knows(self, declared: Declared) -> bool:
        """Return whether the model can judge within this declaration: a kind newer than the model has no column."""
        return declared.kind is None or declared.kind in self._rows

    def scores(self, text_words: Sequence[str], weights: Weighed) -> tuple[Floats, int]:
        """Return the score of each column and the number of new words."""
        found = self.linear.score(text_words)
        sums = dict(self._sums(weights))
        if not sums:
            return found.columns, found.new_words
        values = np.fromiter(sums.values(), np.float32, len(sums))
        return found.columns + values @ self._lexicon[list(sums)], found.new_words

    def _sums(self, weights: Weighed) -> Iterator[tuple[int, float]]:
        """Yield the sums of the dictionary with their rows in its array."""
        for code, weight in weights.kinds.items():
            if code in self._rows:
                yield self._rows[code], weight
        for field in _SUBJECTS:
            rows = self._subject_rows[field]
            for code, weight in weights.families(field).items():
                if weight and code in rows:
                    yield rows[code], weight

    def judge(self, text_words: Sequence[str], weights: Weighed, declared: Declared, barred: frozenset[str]) -> Guess:
        """Return the best pair that agrees with the declaration and whose kind is not barred."""
        found, new_words = self.scores(text_words, weights)
        columns = found.tolist()  # lists: for a few dozen numbers numpy takes five times as long
        best = {field: self._best(columns, field, declared) for field in _SUBJECTS}
        fields = zip(self.about.kinds, self._fields, columns[self._kinds], strict=True)
        kinds = _shares([score if self._is_allowed(kind, field, declared, barred) else _BARRED for kind, field, score in fields])
        found_best = [self._best_of(kind, field, best, declared) for kind, field in zip(self.about.kinds, self._fields, strict=True)]
        pairs = [share * each.share for share, each in zip(kinds, found_best, strict=True)]
        chosen = pairs.index(max(pairs))
        field, kind_share = self._fields[chosen], kinds[chosen]
        family, share, second = found_best[chosen]
        pairs[chosen] = kind_share * second
        finest = declared.subject or (self._finest(columns, family) if field == "category" else family)
        field_share = self._field_share(columns, field)
        return Guess(self.about.kinds[chosen], family, finest, kind_share, share, max(pairs), new_words, len(text_words), field_share)

    def subject_shares(self, text_words: Sequence[str], weights: Weighed, field: Subject) -> Mapping[str, float]:
        """Return the probability of each topic, or of each top-level category."""
        columns = self.scores(text_words, weights)[0].tolist()
        return dict(zip(self._families[field], _shares(columns[self._parts[field]]), strict=True))

    def _field_share(self, columns: list[float], field: Subject) -> float:
        """Return the probability of all subjects of a field together: one regression scores the categories and the topics."""
        scores = {each: columns[part] for each, part in self._parts.items()}
        highest = max(map(max, scores.values()))
        sums = {each: sum(math.exp(score - highest) for score in found) for each, found in scores.items()}
        return sums[field] / sum(sums.values())

    @staticmethod
    def _best_of(kind: str, field: Subject, best: Mapping[Subject, _Best], declared: Declared) -> _Best:
        """Return the best subject of a kind; the general one for a kind that needs none, unless a topic is clear or declared."""
        if kind not in WITHOUT_SUBJECT or declared.topic:
            return best[field]
        is_clear = kind == NamedKind.FEEDBACK and best["topic"].share >= _CLEAR
        return _NO_SUBJECT._replace(family=best["topic"].family) if is_clear else _NO_SUBJECT

    def _best(self, columns: list[float], field: Subject, declared: Declared) -> _Best:
        code = declared.category if field == "category" else declared.topic
        if code is not None:
            return _Best(taxonomy().root_category(code) if field == "category" else code, 1.0, 0.0)
        shares = _shares(columns[self._parts[field]])
        first = max(shares)
        position = shares.index(first)
        shares[position] = 0.0
        return _Best(self._families[field][position], first, max(shares))

    @staticmethod
    def _is_allowed(kind: str, field: Subject, declared: Declared, barred: frozenset[str]) -> bool:
        if declared.kind:
            return kind == declared.kind
        if declared.subject:
            return field == ("category" if declared.category else "topic")
        return kind not in barred

    def _finest(self, columns: list[float], family: str) -> str:
        """Return the most probable sub-category, or the family where none reaches the share that the model asks for."""
        children = self._children.get(family)
        if not children:
            return family
        shares = _shares([columns[column] for column, _ in children])
        most = max(shares)
        return children[shares.index(most)][1] if most >= self.about.subcategory_share else family

    def weighty_words(self, text_words: Sequence[str], kind: str, family: str) -> list[str]:
        """Return the words that speak most for the pair: at most `_WEIGHTY`, none with less than half the weight of the first."""
        field = taxonomy().subject_field(kind)
        if not text_words or kind not in self._rows or family not in self._subject_rows[field]:
            return []
        added = self.linear.by_word(text_words)
        weight = added[:, self._rows[kind]] - added[:, self._kinds].mean(axis=1)
        weight += added[:, self._subject_rows[field][family]] - added[:, self._parts[field]].mean(axis=1)
        order = np.argsort(-weight, kind="stable")[:_WEIGHTY].tolist()
        return [text_words[position] for position in order if weight[position] > max(weight[order[0]] / 2, 0)]

    def confidence(self, guess: Guess, weights: Weighed) -> float:
        """Return the calibrated probability that kind and subject are right."""
        terms = confidence_terms(guess, weights)
        factor = self.about.confidence.get
        return 1 / (1 + math.exp(-factor("constant", 0.0) - sum(factor(name, 0.0) * value for name, value in terms.items())))


def confidence_terms(guess: Guess, weights: Weighed) -> dict[str, float]:
    """Return what the confidence of a guess is computed from, by name.

    The last is 1 under the name of the pair: the model is right about some more often than about others.
    """
    pair = guess.kind_share * guess.family_share
    field = taxonomy().subject_field(guess.kind)
    return {
        "pair": _logit(pair),
        "kind": _logit(guess.kind_share),
        "field": _logit(guess.field_share),
        "margin": math.log(max(pair, _LEAST) / max(guess.rival, _LEAST)),
        "lexicon_kind": _lead(weights.kinds, guess.kind),
        "lexicon_subject": _lead(weights.families(field), guess.family),
        "new_words": guess.new_words / max(guess.text_words, 1),
        "size": math.log1p(guess.text_words),
        f"{guess.kind} {guess.family}": 1.0,
    }


def _lead(sums: Mapping[str, float], code: str) -> float:
    """Return by how much the dictionary prefers the code to every other one; negative if it prefers another."""
    others = max((weight for other, weight in sums.items() if other != code), default=0.0)
    return max(-_WIDEST, min(_WIDEST, sums.get(code, 0.0) - max(others, 0.0)))


def _logit(share: float) -> float:
    return math.log(max(share, _LEAST) / max(1 - share, _LEAST))


def _shares(scores: Sequence[float]) -> list[float]:
    """Return the scores as probabilities."""
    highest = max(scores)
    raised = [math.exp(score - highest) for score in scores]
    total = sum(raised)
    return [each / total for each in raised]


@cache
def appeal_model() -> AppealModel | None:
    """Return the current model, read and checked once per process, or None if none is promoted. Raises BrokenModel."""
    file = current_model()
    return None if file is None else AppealModel(file)
