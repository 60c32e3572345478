"""Jobs of files: scans, and the deletion of files that no answer has claimed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from provider_contact.attachments.dependencies.receiving import AnswerFiles
from provider_contact.settings import Settings
from shared.messaging.runtime import Loop, every
from shared.service import Parts

SCAN_EVERY: Final = timedelta(seconds=5)
PURGE_EVERY: Final = timedelta(hours=1)


def loops(parts: Parts[Settings]) -> Sequence[Loop]:
    """Return the loops of the worker."""
    files = AnswerFiles(parts, parts.settings)
    return [every(SCAN_EVERY, "scan-answer-files", files.scans.run), every(PURGE_EVERY, "purge-answer-files", files.purge_unclaimed)]
