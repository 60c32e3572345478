"""The channels on which an answer may be delivered, read from `data/answer_channels.csv`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from shared.domain.labels import Label
from shared.policy_files import policy_rows

APPLICANT_NEEDS = frozenset({"phone", "email", "address"})


@dataclass(frozen=True, slots=True)
class AnswerChannel:
    """A channel for the answer, and the field of the applicant that it needs."""

    code: str
    label: Label
    needs: str | None


@cache
def answer_channels() -> Mapping[str, AnswerChannel]:
    """Return the channels by code, in the order in which they are offered. Raises ReferenceDataError."""
    return {
        row.text("code"): AnswerChannel(
            row.text("code"), row.label(), row.one_of("needs", APPLICANT_NEEDS) if row.optional("needs") else None
        )
        for row in policy_rows("intake.register", "answer_channels.csv")
    }
