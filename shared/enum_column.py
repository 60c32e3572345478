"""A text column whose values are the members of a `StrEnum`."""

from enum import StrEnum
from typing import Generic, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel.sql.sqltypes import AutoString

E = TypeVar("E", bound=StrEnum)


class EnumColumn(TypeDecorator[E], Generic[E]):
    """Stores the code as text and reads it as a member. Reading raises ValueError for a code that the enumeration does not have."""

    impl = AutoString
    cache_ok = True

    def __init__(self, enumeration: type[E]) -> None:
        super().__init__()
        self.enumeration = enumeration

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002 - the signature of SQLAlchemy
        return None if value is None else self.enumeration(value)
