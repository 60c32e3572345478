"""Codes on which the code of the directory branches."""

from enum import StrEnum


class ContactRole(StrEnum):
    """What a contact of a provider is for. The names are in `contact_roles.csv`."""

    PATIENT_SUPPORT = "PATIENT_SUPPORT"
    CALL_CENTRE = "CALL_CENTRE"
    HEAD_PHYSICIAN = "HEAD_PHYSICIAN"
    COMPLIANCE = "COMPLIANCE"
    IT_SYSTEM = "IT_SYSTEM"
    RECEPTION = "RECEPTION"
    """The general mailbox and telephone: those of the Fund's list, and those of bodies above the providers."""


class Sheet(StrEnum):
    """The kinds of import files."""

    PROVIDERS = "PROVIDERS"
    CONTACTS = "CONTACTS"
    DOCTORS = "DOCTORS"


class ImportState(StrEnum):
    DRAFT = "DRAFT"
    """Only the report was made; the file waits for the confirmation."""
    IMPORTED = "IMPORTED"
    UNDONE = "UNDONE"


class Entity(StrEnum):
    """The kinds of entries whose changes are recorded."""

    PROVIDER = "PROVIDER"
    CONTACT = "CONTACT"
    CONTRACT = "CONTRACT"
    DOCTOR = "DOCTOR"


class LineAction(StrEnum):
    """What an import does with a line."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"
