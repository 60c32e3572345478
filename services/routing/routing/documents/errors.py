"""Expected failures of documents."""

from collections.abc import Sequence
from typing import ClassVar, Final

from shared.errors import DomainError

RETRY_AFTER: Final = 30  # seconds


class CaseFileIncomplete(DomainError):
    """A part of the case file cannot be read now; `missing` names the services that own it. A partial file would mislead its reader."""

    code, status, title = "case-file-incomplete", 503, "The case file cannot be made whole now. Try again later."
    example_members: ClassVar = {"missing": ["provider-contact"]}

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(extra={"missing": list(missing)}, headers={"Retry-After": str(RETRY_AFTER)})
        self.missing = missing
