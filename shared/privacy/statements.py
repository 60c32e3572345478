"""Statements about retention, export and erasure that many rows of the registry share. They describe the current state, not plans."""

from typing import Final

NO_LIMIT: Final = "no time limit is built"
NOT_EXPORTED: Final = "no"
ON_TRACKING: Final = "shown to the applicant on the tracking page and by `GET /intake/v1/appeals/{number}`"
NO_ERASURE: Final = "not built: stays until the database is deleted"
BY_AGE: Final = "deleted with its row after the retention; erasure on request is not built"
STAFF: Final = "staff: not exported"
NUMBER_REASON: Final = "identifies the appeal in lists and searches; opens nothing without the PIN or an entitled token"
SUBJECT_REASON: Final = "the subject of a token, an identifier of the identity provider; who did what must be provable and searchable"
SOLE_TRADER: Final = "public in the register of contracted providers; a sole trader's name is a person's name"

EVIDENCE: Final = "never: the audit log is evidence"
READS: Final = "not built: a person cannot ask who read their data"
DOCTOR: Final = "providers publish their doctors with names and specialities, so that patients can choose"
