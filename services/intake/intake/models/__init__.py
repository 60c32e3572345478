"""Intake's tables, a module an area; importing the package makes the metadata complete."""

from intake.models import applicant, attachments, bot, calls, desk, notices, partners
from intake.models.base import IntakeModel
from intake.models.register import (
    LAST_SEQUENCE,
    REGISTER_SEQUENCE,
    Appeal,
    ContentRead,
    OpenedCase,
    Provider,
    RegisterCounter,
    Timeline,
    Tracking,
    WrongAttempt,
)

__all__ = [
    "LAST_SEQUENCE",
    "REGISTER_SEQUENCE",
    "Appeal",
    "ContentRead",
    "IntakeModel",
    "OpenedCase",
    "Provider",
    "RegisterCounter",
    "Timeline",
    "Tracking",
    "WrongAttempt",
    "applicant",
    "attachments",
    "bot",
    "calls",
    "desk",
    "notices",
    "partners",
]
