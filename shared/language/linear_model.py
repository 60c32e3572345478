"""Linear models over the words of a text: each column (a class) has a weight for every feature of `shared.language.word_features`.

A text's score is the sum over its different words, divided by the length of its feature vector. What a word adds is remembered.
"""

import io
import threading
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from shared.language.word_features import BUCKETS, NO_FEATURE, features_of

Floats = npt.NDArray[np.float32]
Sums = npt.NDArray[np.int16]
STEM: Final = 6  # letters: words with a known beginning of this length are not new
_REMEMBERED: Final = 8_192  # words, and as many of the memory before; single words, never with their text
_AT_ONCE: Final = 1_024  # new words of one text that are remembered: a long text of rare words would displace the usual ones
_EXTRA: Final = 2  # columns of a remembered word after those of the model: squared length, and 1 for a new word
_SQUARE, _NEW = -2, -1


class BrokenModel(ValueError):
    """The arrays of a model are missing, or do not fit each other or the features."""


class TextScores(NamedTuple):
    """`columns`: the score of each. `new_words`: the number of words whose beginning no training text has."""

    columns: Floats
    new_words: int


@dataclass(frozen=True, eq=False)
class Weights:
    """The arrays of a model as its `.npz` has them.

    `weights`: buckets by columns, with the rarity of the feature multiplied in, in units of `scales`. `rarity`: inverse document
    frequency by bucket in units of `rarity_unit`. `stems`: sorted hashes of the beginnings of the words of the training texts.
    """

    weights: npt.NDArray[np.int8]
    scales: Floats
    bias: Floats
    rarity: npt.NDArray[np.uint8]
    rarity_unit: Floats
    stems: npt.NDArray[np.uint32]

    def __post_init__(self) -> None:
        columns = len(self.scales)
        if self.weights.shape != (BUCKETS, columns) or self.bias.shape != (columns,) or self.rarity.shape != (BUCKETS,):
            raise BrokenModel(f"weights {self.weights.shape}, bias {self.bias.shape}, rarity {self.rarity.shape}, {columns} columns")
        if self.rarity[NO_FEATURE] or self.weights[NO_FEATURE].any():
            raise BrokenModel("the bucket of no feature has a weight")

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> "Weights":
        """Return the arrays by their names. Raises BrokenModel if one is missing."""
        names = cls.__dataclass_fields__
        if missing := names.keys() - arrays.keys():
            raise BrokenModel(f"missing: {sorted(missing)}")
        return cls(**{name: cast("npt.NDArray[np.int8]", arrays[name]) for name in names})  # type: ignore[arg-type]


def arrays_of(content: bytes) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of an `.npz` by name. Raises BrokenModel if the content is none."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as opened:
            return {name: opened[name] for name in opened.files}
    except (ValueError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise BrokenModel(str(error)) from error


def stem_hash(word: str) -> int:
    """Return the hash under which `Weights.stems` has the beginning of a word."""
    return zlib.crc32(word[:STEM].encode())


class _Memory:
    """What each of the words met last adds to a text. A row is written before its word is published, so readers need no lock.

    `sums`: of the stored weights; 16 bits hold those of the longest word, and half of the memory of scaled ones is enough.
    `former`: the memory that was full before this one. Without it all usual words would be new again, in the same few texts.
    """

    def __init__(self, columns: int, former: "_Memory | None" = None) -> None:
        self.former = former
        self.rows: dict[str, int] = {}
        self.used = 0
        self.sums = np.empty((_REMEMBERED, columns), np.int16)
        self.others = np.empty((_REMEMBERED, _EXTRA), np.float32)


class LinearModel:
    """A model ready to score. It may be used by several threads."""

    def __init__(self, weights: Weights) -> None:
        self._model = weights
        self._squares = (np.arange(256, dtype=np.uint8) * weights.rarity_unit).astype(np.float32) ** 2  # by the stored rarity
        self.columns = len(weights.scales)
        self._memory = _Memory(self.columns)
        self._lock = threading.Lock()

    def score(self, text_words: Sequence[str]) -> TextScores:
        """Return the scores of a text with these words, each given once (`words_to_read`)."""
        if not text_words:
            return TextScores(self._model.bias, 0)
        total = self.by_word(text_words).sum(axis=0)
        columns = total[:_SQUARE] / np.sqrt(max(total[_SQUARE], 1.0)) + self._model.bias
        return TextScores(columns, int(total[_NEW]))

    def by_word(self, text_words: Sequence[str]) -> Floats:
        """Return what each word adds to each column, before the division by the length; two more columns are the model's own."""
        sums, others = self._sums(text_words, self._memory)
        found = np.empty((len(sums), self.columns + _EXTRA), np.float32)
        np.multiply(sums, self._model.scales, out=found[:, :_SQUARE])
        found[:, _SQUARE:] = others
        return found

    def _sums(self, text_words: Sequence[str], memory: _Memory | None) -> tuple[Sums, Floats]:
        """Return what this memory knows of the words, the rest from the former one, and what neither knows computed."""
        if memory is None:
            return self._computed(text_words)
        rows = list(map(memory.rows.get, text_words))
        if None not in rows:
            of_words = cast("list[int]", rows)
            return memory.sums.take(of_words, axis=0), memory.others.take(of_words, axis=0)
        fresh = [position for position, row in enumerate(rows) if row is None]
        fresh_words = [text_words[position] for position in fresh]
        sums, others = self._sums(fresh_words, memory.former)
        if memory is self._memory and len(fresh) <= _AT_ONCE:
            self._remember(fresh_words, sums, others)
        if len(fresh) == len(rows):
            return sums, others
        stored = [row or 0 for row in rows]
        all_sums, all_others = memory.sums.take(stored, axis=0), memory.others.take(stored, axis=0)
        all_sums[fresh], all_others[fresh] = sums, others
        return all_sums, all_others

    def _computed(self, text_words: Sequence[str]) -> tuple[Sums, Floats]:
        model, features = self._model, features_of(text_words)
        sums = np.add.reduceat(model.weights.take(features.grams, axis=0), features.starts, axis=0, dtype=np.int32)
        sums += model.weights.take(features.others, axis=0).sum(axis=1, dtype=np.int32)
        others = np.empty((len(text_words), _EXTRA), np.float32)
        others[:, _SQUARE] = np.add.reduceat(self._squares.take(model.rarity.take(features.grams)), features.starts)
        others[:, _SQUARE] += self._squares.take(model.rarity.take(features.others)).sum(axis=1)
        hashes = np.fromiter(map(stem_hash, text_words), np.uint32, len(text_words))
        at = np.searchsorted(model.stems, hashes)
        others[:, _NEW] = model.stems.take(at, mode="clip") != hashes if len(model.stems) else 1
        return sums.astype(np.int16), others

    def _remember(self, text_words: Sequence[str], sums: Sums, others: Floats) -> None:
        with self._lock:
            if self._memory.used + len(text_words) > _REMEMBERED:
                full, self._memory.former = self._memory, None
                self._memory = _Memory(self.columns, full)
            memory = self._memory
            start, end = memory.used, memory.used + len(text_words)
            memory.sums[start:end], memory.others[start:end] = sums, others
            memory.rows.update(zip(text_words, range(start, end), strict=True))
            memory.used = end
