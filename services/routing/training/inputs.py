"""What weights are computed from, as hashes that a model's metadata record: a test compares them with the repository.

Texts count as labelled texts, so a comment or a text of the other training changes nothing. How words are read is code, and counts by
what it makes of the texts.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import shared.domain
import shared.language
from routing.classification.service.versions import DATA
from shared.language.tokens import tokenise
from shared.language.word_features import features_of, words_to_read
from training.detectors.texts import DetectorExample
from training.labelled import Labelled

_TRAINING: Final = Path(__file__).parent
_DOMAIN: Final = Path(shared.domain.__file__).parent / "data"
_LANGUAGE: Final = Path(shared.language.__file__).parent / "data"
_OF_BOTH: Final = (
    _TRAINING / "slots.toml",
    _LANGUAGE / "concepts.toml",
    *(_DOMAIN / name for name in ("kinds.csv", "categories.csv", "topics.csv", "language_words.csv", "latin_letters.csv")),
)
_OF_CLASSIFIER: Final = (*_OF_BOTH, DATA / "lexicon.toml")
_OF_DETECTORS: Final = (*_OF_BOTH, _LANGUAGE / "danger.toml", _LANGUAGE / "protected.toml")
_READ: Final = 25
"""Every so many texts one is read for the hash: code that changes the reading of words changes that of many."""


def classifier_inputs(texts: Sequence[Labelled]) -> str:
    """Return the hash of what the classifier's weights are computed from."""
    labelled = [(each.text, each.kind, each.subjects, sorted(each.also_kinds), sorted(each.also_subjects), each.file) for each in texts]
    return _hash_of(_OF_CLASSIFIER, labelled, [each.text for each in texts])


def detector_inputs(examples: Sequence[DetectorExample]) -> str:
    """Return the hash of what the detectors' weights are computed from."""
    return _hash_of(_OF_DETECTORS, [(each.text, each.column) for each in examples], [each.text for each in examples])


def _hash_of(files: Iterable[Path], labelled: Iterable[object], texts: Sequence[str]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(path.name.encode() + path.read_bytes())
    for each in labelled:
        found.update(repr(each).encode())
    for text in texts[::_READ]:
        found.update(repr([part.tolist() for part in features_of(words_to_read(tokenise(text)) or ["?"])]).encode())
    return found.hexdigest()[:16]
