"""What other services returned for the page of a case, as far as it is not part of the conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from routing.desk.pages.reader import DeskReader
from routing.desk.schemas import AppealContent
from routing.desk.service.conversation import FetchedOwners
from shared.web.i18n import N_

_APPLICANT: Final = (
    ("full_name", N_("Full name")),
    ("iin", N_("IIN")),
    ("phone", N_("Phone")),
    ("email", N_("E-mail")),
    ("address", N_("Address")),
)


class FetchState(StrEnum):
    """READ: the content is here. DOWN: the owner does not answer."""

    READ = "read"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class FetchedFacts:
    """Facts that another service owns, as labels and values."""

    state: FetchState
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class FetchedContents:
    """What intake stores of an appeal in addition to its conversation. `applicant` is None unless it was requested.

    `provider_name`: what the applicant wrote; empty if nothing, and while intake does not answer. `shown_before`: the questions of the
    articles that the applicant was shown before filing.
    """

    applicant: FetchedFacts | None = None
    contested_act: str = ""
    provider_name: str = ""
    shown_before: Sequence[str] = ()


def fetched_contents(
    owners: FetchedOwners, reader: DeskReader, shown_before: Sequence[str] = (), *, shows_applicant: bool
) -> FetchedContents:
    """Return what the page shows of the owners' contents. The applicant's identity is shown only on request."""
    appeal = owners.appeal
    if appeal is None:
        return FetchedContents(FetchedFacts(FetchState.DOWN) if shows_applicant else None)
    applicant = applicant_of(appeal, reader) if shows_applicant else None
    return FetchedContents(applicant, appeal.contested, appeal.provider_name or "", shown_before)


def applicant_of(content: AppealContent, reader: DeskReader) -> FetchedFacts:
    """Return the known facts of the applicant, none for an anonymous appeal."""
    found = [(reader.translate(label), getattr(content.applicant, name, None)) for name, label in _APPLICANT]
    return FetchedFacts(FetchState.READ, [(label, value) for label, value in found if value])
