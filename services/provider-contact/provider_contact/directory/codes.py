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
