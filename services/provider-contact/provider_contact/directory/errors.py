"""Errors of the directory."""

from shared.errors import DomainError


class ImportNotLatest(DomainError):
    code, status, title = "import-not-latest", 409, "Only the latest import can be undone, and only once."


class ImportBuiltOn(DomainError):
    code, status, title = "import-built-on", 409, "Entries of the import were changed or used since, so it cannot be undone."


class DraftGone(DomainError):
    code, status, title = "import-draft-gone", 409, "The draft of the import was imported, discarded or is older than a day."


class EntryChanged(DomainError):
    code, status, title = "entry-changed", 409, "A colleague has changed the entry since the page was opened."


class ChangeNotLast(DomainError):
    code, status, title = "change-not-last", 409, "The entry was changed again, or the change is undone already."
