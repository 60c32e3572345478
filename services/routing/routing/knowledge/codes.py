"""Codes on which the code of the articles and sentences branches."""

from enum import StrEnum


class MacroValue(StrEnum):
    """The values that a sentence of `macros.toml` may contain."""

    NUMBER = "number"
    DUE_ON = "due_on"
    PROVIDER = "provider"


class ReviewState(StrEnum):
    """Whether a figure or an article of the files was compared with its source."""

    DONE = "done"
    NEEDED = "needed"


class FigureUnit(StrEnum):
    """The units of `parameters.csv`."""

    TENGE = "tenge"
    PERCENT = "percent"
    MINIMUM_WAGES = "minimum_wages"
    INDICATORS = "indicators"


class FigureProblem(StrEnum):
    """Why a figure of a text is refused."""

    WRITTEN_OUT = "figure-written-out"
    UNKNOWN = "figure-unknown"
    OUTLIVES_ITS_YEAR = "figure-outlives-its-year"
    UNREADABLE = "figure-unreadable"


class ArticleState(StrEnum):
    """The states of a version of an article."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class ArticleAction(StrEnum):
    """What keepers do with an article. RETURN sends a version from review back to its authors; DISCARD deletes an unpublished one."""

    SUBMIT = "submit"
    RETURN = "return"
    PUBLISH = "publish"
    DISCARD = "discard"
    RETIRE = "retire"


class Attention(StrEnum):
    """Why an article needs its keeper: it expired, it expires soon, or the Fund has not confirmed it."""

    EXPIRED = "expired"
    EXPIRING = "expiring"
    UNCONFIRMED = "unconfirmed"
