"""How likely a text of a known kind is about each topic or category."""

from collections.abc import Mapping
from typing import Final

from routing.classification.service.choice import weigh
from routing.classification.service.lexicon import lexicon
from routing.classification.service.model import appeal_model
from shared.domain.taxonomy import taxonomy
from shared.language.tokens import tokenise
from shared.language.word_features import words_to_read

READ: Final = 4_000  # characters: a subject is named at the beginning, and a person has the whole text before their eyes


def subject_shares(text: str, kind: str) -> Mapping[str, float]:
    """Return the probability of each topic, or of each top-level category, as the kind has them. Empty without a model. Linear."""
    model, tokens = appeal_model(), tokenise(text[:READ])
    if model is None:
        return {}
    return model.subject_shares(words_to_read(tokens), weigh(lexicon().find(tokens)), taxonomy().subject_field(kind))
