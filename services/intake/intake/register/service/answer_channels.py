"""How an answer may be delivered, as `data/answer_channels.csv` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from shared.domain.labels import Label
from shared.policy_files import policy_rows

APPLICANT_NEEDS = frozenset({"phone", "email", "address"})


@dataclass(frozen=True, slots=True)
class AnswerChannel:
    """A way to bring the answer, and what of the applicant it cannot do without."""

    code: str
    label: Label
    needs: str | None


@cache
def answer_channels() -> Mapping[str, AnswerChannel]:
    """By code, in the order in which they are offered. Raises ReferenceDataError."""
    return {
        row.text("code"): AnswerChannel(
            row.text("code"), row.label(), row.one_of("needs", APPLICANT_NEEDS) if row.optional("needs") else None
        )
        for row in policy_rows("intake.register", "answer_channels.csv")
    }
