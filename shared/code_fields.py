"""Fields of request bodies whose value is a code of a reviewed file: checked when a body is read, and offered with an action."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from pydantic import AfterValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from shared.field_errors import DETAILS


@dataclass(frozen=True, slots=True)
class Options:
    """Metadata of a code field: the codes to choose from, in the order of their file."""

    codes: tuple[str, ...]

    def check(self, code: str) -> str:
        if code not in self.codes:
            raise PydanticCustomError("unknown_code", DETAILS["unknown-code"])
        return code


def code_of(known: Iterable[str]) -> tuple[AfterValidator, Options]:
    """Return the metadata of a field that accepts these codes alone, for use as `Annotated[str, *code_of(...)]`."""
    options = Options(tuple(known))
    return AfterValidator(options.check), options


def options_of(field: FieldInfo) -> list[str] | None:
    """Return the codes that a field chooses from, None for free text."""
    found = [*field.metadata, *_nested(field.annotation)]
    return next((list(each.codes) for each in found if isinstance(each, Options)), None)


def _nested(annotation: object) -> Iterator[object]:
    """Yield the metadata inside a list or a union; a `Literal` is a choice of its own."""
    if get_origin(annotation) is Literal:
        yield Options(get_args(annotation))
        return
    for argument in get_args(annotation):
        yield argument
        yield from _nested(argument)
