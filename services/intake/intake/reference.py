"""Intake's reviewed files (`data/`), read once and checked when read."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shared.domain.labels import Label
from shared.domain.tables import Row, parse_rows

APPLICANT_NEEDS = frozenset({"phone", "email", "address"})


@dataclass(frozen=True, slots=True)
class AnswerChannel:
    """A way to bring the answer, and what of the applicant it cannot do without."""

    code: str
    label: Label
    needs: str | None


def rows_of(file: str) -> list[Row]:
    """Raises ReferenceDataError for a file without its source or of uneven rows."""
    return parse_rows(file, (files("intake") / "data" / file).read_text(encoding="utf-8"))


@cache
def answer_channels() -> Mapping[str, AnswerChannel]:
    """By code, in the order in which they are offered. Raises ReferenceDataError."""
    return {
        row.text("code"): AnswerChannel(
            row.text("code"), row.label(), row.one_of("needs", APPLICANT_NEEDS) if row.optional("needs") else None
        )
        for row in rows_of("answer_channels.csv")
    }
