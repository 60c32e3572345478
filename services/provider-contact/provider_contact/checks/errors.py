"""Expected failures of checks."""

from shared.errors import Conflict


class CheckEnded(Conflict):
    code, title = "check-ended", "The check has its result already."
