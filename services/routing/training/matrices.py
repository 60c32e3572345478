"""Sparse matrices of texts by features, as `shared.language.linear_model` reads them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from shared.language.word_features import BUCKETS, NO_FEATURE, OF_LETTERS, features_of
from training.regression import Rows, TextMatrix

RARITY_UNIT: Final = np.float32(0.1)
FEWEST: Final = 3
"""A feature of fewer texts says little about others."""
CONCEPT_WEIGHT: Final = 3.0
"""By what the rarity of a concept is multiplied: a word has one or two of them and thirty features of its letters."""


class Vocabulary:
    """The features of every word of the texts: a matrix of words by buckets, computed once for all folds."""

    def __init__(self, read: Sequence[Sequence[str]]) -> None:
        """`read`: the words of each text as models read them, each once."""
        text_words = list(dict.fromkeys(word for text_words in read for word in text_words))
        self.text_words = text_words
        numbers = {word: number for number, word in enumerate(text_words)}
        columns = np.fromiter((numbers[word] for each in read for word in each), np.int32)
        ends = np.cumsum([0, *map(len, read)])
        self.texts = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(read), len(text_words)))
        features = features_of(text_words)
        lengths = np.diff([*features.starts, len(features.grams)])
        owners = np.concatenate(
            (np.repeat(np.arange(len(text_words)), lengths), np.repeat(np.arange(len(text_words)), features.others.shape[1]))
        )
        buckets = np.concatenate((features.grams, features.others.ravel()))
        ones = np.ones(len(buckets), np.float32)
        counted = sparse.coo_matrix((ones, (owners, buckets)), (len(text_words), BUCKETS)).tocsr()
        counted[:, NO_FEATURE] = 0
        counted.eliminate_zeros()
        self.features = counted
        self.counts = (self.texts @ counted).tocsr()


def rarity_of(counts: sparse.csr_matrix, written: sparse.csr_matrix) -> npt.NDArray[np.uint8]:
    """Return the inverse document frequency of each bucket in units of `RARITY_UNIT`; 0 for one that models do not read.

    `written`: the rows of `counts` without noisy copies. Models read what at least `FEWEST` of these have.
    """
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    rarity = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
    rarity[OF_LETTERS:] *= CONCEPT_WEIGHT
    is_read = np.asarray((written > 0).sum(axis=0)).ravel() >= FEWEST
    return np.where(is_read, np.clip(np.rint(rarity / RARITY_UNIT), 1, 255), 0).astype(np.uint8)


def text_matrix(vocabulary: Vocabulary, rows: Rows, rarity: npt.NDArray[np.uint8], sums: sparse.csr_matrix) -> TextMatrix:
    """Return these texts by the features that models read: counts times rarity, each text divided by the length of `LinearModel`.

    `sums`: the sums of the dictionary for these texts, as they are to be weighed.
    """
    values = rarity * RARITY_UNIT
    texts = vocabulary.texts[rows]
    lengths = np.sqrt(np.maximum(texts @ (vocabulary.features @ (values**2)), 1.0))
    read = np.flatnonzero(rarity)
    words = vocabulary.features[:, read] @ sparse.diags(values[read])
    whole = TextMatrix((sparse.diags(1 / lengths) @ texts).tocsr().astype(np.float32), words.tocsr().astype(np.float32), sums.tocsr())
    return whole.of(np.arange(len(rows)))
