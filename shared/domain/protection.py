"""Protected appeals: which they are, and which roles see them. The rule for a row is in `shared.visibility`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row, table
from shared.domain.taxonomy import taxonomy

READERS_FILE: Final = "protected_readers.csv"


class Protection(StrEnum):
    """Why an appeal is protected. FUND: it is about the Fund's own branch or clerk, and the branch of the appeal never sees it.

    OPEN is said by events alone, of an appeal that is not protected; rows hold NULL in its place.
    """

    SENSITIVE = "SENSITIVE"
    FUND = "FUND"
    OPEN = "OPEN"


class ReaderPlace(StrEnum):
    """Where the holders of a role have to belong to."""

    ANYWHERE = "anywhere"
    CENTRAL = "central"


@dataclass(frozen=True, slots=True)
class ProtectionGround:
    """A ground on which appeals are protected. `sign`: the subject of the text that shows it; None: its category alone does."""

    category: str
    sign: str | None
    protection: Protection
    label: Label


@cache
def protection_grounds() -> Mapping[str, ProtectionGround]:
    """Return the grounds of protection by code, in the order in which they are tried."""

    def build(row: Row) -> ProtectionGround:
        protection = Protection(row.one_of("protection", frozenset({Protection.SENSITIVE, Protection.FUND})))
        return ProtectionGround(row.one_of("category", taxonomy().categories), row.optional("sign"), protection, row.label())

    return table("protection_grounds.csv", build, key="ground")


@cache
def protected_readers() -> Mapping[str, ReaderPlace]:
    """Return the roles that see protected appeals, each with where its holders have to belong to."""
    found = table(READERS_FILE, lambda row: ReaderPlace(row.one_of("where", frozenset(ReaderPlace))), key="role")
    if not found:
        raise ReferenceDataError(READERS_FILE, 1, "nobody would see protected appeals")
    return found


def ground_in(categories: Collection[str], signs: Collection[str] = ()) -> str | None:
    """Return the code of the first ground that the categories of an appeal or the signs in its text show; None for most."""
    named = {*categories, *(taxonomy().root_category(category) for category in categories)}
    return next((code for code, ground in protection_grounds().items() if ground.category in named or ground.sign in signs), None)


def protection_of(categories: Collection[str], signs: Collection[str] = ()) -> Protection | None:
    """Return the protection of an appeal with these categories and signs; None for most."""
    ground = ground_in(categories, signs)
    return None if ground is None else protection_grounds()[ground].protection
