"""Expected failures of the portal."""

from shared.errors import Conflict


class DraftChanged(Conflict):
    code, title = "draft-changed", "The draft was changed in another window."


class TooManyTemplates(Conflict):
    code, title = "too-many-templates", "The organisation has as many templates as are allowed."
