"""What is wrong with a line of an import, in words for whoever corrects the file (`line_texts.toml`)."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from shared.domain.labels import Label
from shared.policy_files import policy_document

PACKAGE: Final = "intake.imports"
OTHERWISE: Final = "otherwise"


def line_text(code: str) -> Label:
    """Return the sentence of a code; of one that has none the sentence that the line cannot be read."""
    return line_texts().get(code) or line_texts()[OTHERWISE]


@cache
def line_texts() -> Mapping[str, Label]:
    """Return the sentences by code. Raises ValueError or TypeError for a wrong file."""
    found = {code: Label(**texts) for code, texts in policy_document(PACKAGE, "line_texts.toml").items()}
    if OTHERWISE not in found:
        raise ValueError("line_texts.toml has no sentence for other faults")
    return found
