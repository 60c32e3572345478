"""The sentences that clerks put into answers, in the language of the reader, filled for a case."""

from collections.abc import Mapping
from typing import Final

from routing.knowledge.codes import MacroValue
from routing.knowledge.policy import PLACEHOLDER, WRITTEN_IN, macros
from routing.knowledge.schemas import MacroView

FALLBACK_LANGUAGE: Final = "ru"


def written_language(language: str) -> str:
    """Return the language in which articles and sentences are read by a reader of `language`."""
    return language if language in WRITTEN_IN else FALLBACK_LANGUAGE


def named_macros(language: str) -> list[MacroView]:
    """Return every sentence in a language, with the names of its values in place of them."""
    return filled_macros(language, {name: f"{{{{{name}}}}}" for name in MacroValue})


def filled_macros(language: str, values: Mapping[MacroValue, str]) -> list[MacroView]:
    """Return the sentences in a language, filled with these values. A sentence whose value is not given is left out."""
    written, given = written_language(language), {str(name): value for name, value in values.items()}
    return [
        MacroView(
            macro_id=macro.id,
            language=written,
            title=macro.titles[written],
            body=PLACEHOLDER.sub(lambda match: given[match[1]], macro.bodies[written]),
        )
        for macro in macros()
        if macro.needs <= given.keys()
    ]
