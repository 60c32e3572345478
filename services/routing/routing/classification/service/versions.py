"""Which stored model is in use, and the way back to the one before. A running process uses the model with which it started."""

from pathlib import Path
from typing import Final

import routing.classification
from routing.classification.policy import POINTER, Pointer, pointer_in, pointer_text

DATA: Final = Path(routing.classification.__file__).parent / "data"
BY_LEXICON: Final = ""
"""The version that stands for the dictionary alone."""


class NoFormerModel(ValueError):
    """The dictionary alone is in use: there is nothing to go back to."""


def stored(data: Path = DATA) -> Pointer:
    """Return the stored versions, oldest first, and the one in use."""
    return pointer_in((data / POINTER).read_text(encoding="utf-8"))


def use(pointer: Pointer, data: Path = DATA) -> Pointer:
    """Write which model is in use, and return it."""
    (data / POINTER).write_text(pointer_text(pointer), encoding="utf-8")
    return pointer


def rollback(data: Path = DATA) -> Pointer:
    """Return to the version before the current one, or from the oldest to the dictionary alone. Raises NoFormerModel."""
    found = stored(data)
    if found.current == BY_LEXICON:
        raise NoFormerModel("the dictionary alone is in use; there is no former model")
    position = found.versions.index(found.current)
    return use(found.model_copy(update={"current": found.versions[position - 1] if position else BY_LEXICON}), data)
