"""Domain errors of the counter channel."""

from shared.errors import DomainError


class OrganisationNotKnown(DomainError):
    code, status, title = "organisation-not-known", 403, "Your organisation is not in the directory of providers."
