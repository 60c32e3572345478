"""The texts of a training with their noisy copies, features and sums of the dictionary, computed once for all folds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from routing.classification.service.choice import Weighed, weigh
from routing.classification.service.lexicon import lexicon
from shared.domain.taxonomy import taxonomy
from shared.language.tokens import tokenise
from shared.language.word_features import words_to_read
from training.labelled import Labelled
from training.matrices import Vocabulary
from training.noise import noisy_text

KINDS: list[str] = list(taxonomy().kinds)
CATEGORIES: list[str] = [code for code, category in taxonomy().categories.items() if not category.parent]
TOPICS: list[str] = list(taxonomy().topics)
SUBCATEGORIES: list[str] = [code for code, category in taxonomy().categories.items() if category.parent]
SUBJECTS: list[str] = [*CATEGORIES, *TOPICS]
"""What a text is about; a code that names a category and a topic is here twice. One regression learns both: their texts set them apart."""
HEADS: list[list[str]] = [KINDS, SUBJECTS, SUBCATEGORIES]
COPY_WEIGHT = 0.4
"""The weight of a noisy copy in training; a written text has 1."""


@dataclass(frozen=True)
class Sample:
    """Texts, each followed by its noisy copy."""

    texts: Sequence[Labelled]
    is_copy: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, written: Sequence[Labelled], *, copies: bool = True) -> "Sample":
        """Return the sample of the written texts."""
        texts: list[Labelled] = []
        is_copy: list[bool] = []
        for text in written:
            texts.append(text)
            is_copy.append(False)
            copy = noisy_text(text.text) if copies else None
            added = [] if copy is None else [replace(text, text=copy)]
            texts += added
            is_copy += [True] * len(added)
        return cls(texts, np.array(is_copy))

    @cached_property
    def sources(self) -> npt.NDArray[np.int64]:
        return np.array([text.source for text in self.texts])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary([words_to_read(tokenise(text.text)) for text in self.texts])

    @cached_property
    def weighed(self) -> list[Weighed]:
        """The sums of the dictionary for each text."""
        return [weigh(lexicon().find(tokenise(text.text))) for text in self.texts]

    @cached_property
    def sums(self) -> sparse.csr_matrix:
        """The sums of the dictionary as a matrix of texts by kinds, top-level categories and topics."""
        columns = {code: at for at, code in enumerate(KINDS)}
        subjects = {("category", code): len(KINDS) + at for at, code in enumerate(CATEGORIES)}
        subjects |= {("topic", code): len(KINDS) + len(CATEGORIES) + at for at, code in enumerate(TOPICS)}
        found = np.zeros((len(self.texts), len(columns) + len(subjects)), np.float32)
        for row, weights in enumerate(self.weighed):
            for code, weight in weights.kinds.items():
                found[row, columns[code]] = weight
            for field in ("category", "topic"):
                for code, weight in weights.families(field).items():
                    found[row, subjects[field, code]] = weight
        return sparse.csr_matrix(found)

    def labels(self, head: int) -> npt.NDArray[np.int64]:
        """Return the position of each text's label in the head's codes, -1 for a text without one."""
        return np.array([_label(text, head) for text in self.texts])


def _label(text: Labelled, head: int) -> int:
    codes = HEADS[head]
    if codes is KINDS:
        return codes.index(text.kind)
    if codes is SUBCATEGORIES:
        return codes.index(text.subject) if text.is_category and text.subject in codes else -1
    if text.topic_is_left_open:
        return -1
    return CATEGORIES.index(text.family) if text.is_category else len(CATEGORIES) + TOPICS.index(text.family)
