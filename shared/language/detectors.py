"""The trained detectors of danger and of protected subjects (`data/detectors`), for texts that say it without a word of a dictionary.

One linear model scores every kind of text: emergencies, the protected subjects, and all others. A text is a danger if the log-odds of
an emergency against all others reach a low threshold, and likewise for the protected subjects taken together. `make train` writes it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, NamedTuple

import numpy as np

from shared.language.detector_versions import DATA, METADATA_FILE, WEIGHTS_FILE, stored_detectors
from shared.language.dictionaries import PROTECTED, SUMS, URGENT, ProtectedSubject, both_dictionaries, sums_of
from shared.language.linear_model import BrokenModel, LinearModel, Weights, arrays_of
from shared.language.organisations import without_names
from shared.language.phrases import Hit, Term
from shared.language.tokens import Token, tokenise
from shared.language.word_features import as_read, words_to_read

DICTIONARY_ARRAY: Final = "dictionary"
"""The array of the model with the weights of the dictionaries' sums: `SUMS` by columns."""
_LEAST: Final = 1e-12  # a probability as a logarithm stays finite
_FEWEST: Final = 3  # words with letters: fewer are a name or an answer to a question of the bot, and decide by accident
_MOST: Final = 600  # words that are read for the trained detectors, some 4 000 characters
_AT_THE_END: Final = 200
_SHOWN: Final = 4  # words that are named as the reason
_SIGNS: Final[Mapping[str, Term]] = {
    URGENT: Term("", (), URGENT, URGENT.upper(), 0.0),
    **{subject: Term("", (), PROTECTED, subject, 0.0) for subject in ProtectedSubject},
}
"""What a word argues for to which the model gave its weight; its text is empty because words of citizens are stored nowhere else."""


@dataclass(frozen=True, slots=True)
class DetectorMetadata:
    """The form of `metadata.json` of a version.

    `columns`: `urgent`, the protected subjects and the names of all other kinds of texts. `danger` and `protected`: the log-odds from
    which on a text is one. `texts`: the number of training texts. `inputs`: the hash of what the weights were computed from.
    """

    version: str
    columns: list[str]
    danger: float
    protected: float
    texts: int
    inputs: str = ""


class DetectorScores(NamedTuple):
    """The log-odds of a danger and of a protected subject, and the most probable subject."""

    danger: float
    protected: float
    subject: ProtectedSubject


class Detectors:
    """The detectors of one version, ready to judge texts. They may be used by several threads."""

    def __init__(self, about: DetectorMetadata, weights: bytes) -> None:
        """Raises BrokenModel if the arrays and the columns do not fit each other."""
        arrays = arrays_of(weights)
        self.about = about
        self._linear = LinearModel(Weights.of(arrays))
        dictionary = arrays.get(DICTIONARY_ARRAY)
        expected = (len(SUMS), len(about.columns))
        if dictionary is None or dictionary.shape != expected or self._linear.columns != len(about.columns):
            raise BrokenModel(f"detectors {about.version}: {self._linear.columns} columns, {len(about.columns)} named")
        if missing := {URGENT, *ProtectedSubject} - set(about.columns):
            raise BrokenModel(f"detectors {about.version} have no column of {sorted(missing)}")
        self._dictionary = dictionary.astype(np.float32)
        self._urgent = about.columns.index(URGENT)
        self._subjects = [about.columns.index(subject) for subject in ProtectedSubject]

    def score(self, text_words: Sequence[str], sums: Sequence[float]) -> DetectorScores:
        """Return the scores of a text with these words. `sums`: `sums_of` its dictionary hits."""
        columns = self._linear.score(text_words).columns
        if any(sums):  # most texts have no word of the dictionaries
            columns = columns + np.asarray(sums, np.float32) @ self._dictionary
        powers = np.exp(columns - columns.max())
        subjects = powers[self._subjects]
        return DetectorScores(
            _log_odds(float(powers[self._urgent]), float(powers.sum())),
            _log_odds(float(subjects.sum()), float(powers.sum())),
            list(ProtectedSubject)[int(subjects.argmax())],
        )

    def weighty_words(self, text_words: Sequence[str], column: str) -> list[str]:
        """Return the words that speak most for a column, at least one and at most `_SHOWN`, none with less than half of the first."""
        added = self._linear.by_word(text_words)[:, : self._linear.columns]
        weight = added[:, self.about.columns.index(column)] - added.mean(axis=1)
        order = np.argsort(-weight, kind="stable")[:_SHOWN].tolist()
        first, *others = order
        return [text_words[first], *(text_words[each] for each in others if weight[each] > max(weight[first] / 2, 0))]


def _log_odds(part: float, total: float) -> float:
    return math.log(max(part, _LEAST)) - math.log(max(total - part, _LEAST))


@cache
def detectors() -> Detectors:
    """Return the detectors in use, read once per process. Raises BrokenModel or FileNotFoundError."""
    try:
        folder = DATA / stored_detectors().current
        about = DetectorMetadata(**json.loads((folder / METADATA_FILE).read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenModel(f"the stored detectors: {error}") from error
    return Detectors(about, (folder / WEIGHTS_FILE).read_bytes())


@dataclass
class DetectorText:
    """A text with what both detectors read of it, each part computed when it is first needed.

    `hits`: terms found by an index that contains those of both dictionaries.
    """

    text: str
    tokens: Sequence[Token]
    hits: Sequence[Hit]

    @classmethod
    def of(cls, text: str) -> "DetectorText":
        tokens = tokenise(text)
        return cls(text, tokens, both_dictionaries().find(tokens))

    @cached_property
    def named(self) -> Sequence[Token]:
        """The words without names of organisations; of a very long text those at its beginning and its end. The dictionaries read all."""
        tokens = self.tokens
        return without_names(self.text, tokens if len(tokens) <= _MOST else [*tokens[: _MOST - _AT_THE_END], *tokens[-_AT_THE_END:]])

    @cached_property
    def text_words(self) -> Sequence[str]:
        return words_to_read(self.named)

    @cached_property
    def scores(self) -> DetectorScores | None:
        """What the trained detectors say, None for a text of too few words."""
        return self.judged_by(detectors())

    def judged_by(self, judge: "Detectors") -> DetectorScores | None:
        """Return the scores by these detectors, None for a text of too few words."""
        return None if self.is_short else judge.score(self.text_words, sums_of(self.hits))

    @cached_property
    def is_short(self) -> bool:
        """Whether the text has too few words for the trained detectors."""
        return sum(map(str.isalpha, self.text_words)) < _FEWEST

    def signs(self, column: str) -> list[Hit]:
        """Return the words to which the detectors gave most weight for a column, each where it first occurs, in order."""
        chosen = set(detectors().weighty_words(self.text_words, column))
        found: dict[str, Hit] = {}
        for position, token in enumerate(self.named):
            if (word := as_read(token.key)) in chosen:
                found.setdefault(word, Hit(_SIGNS[column], token.start, token.end, position))
        return list(found.values())
