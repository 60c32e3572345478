"""Codes, requests and responses of matching."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from provider_contact.inquiries.schemas import NextAction
from shared.http import StrictModel


class MatchMethod(StrEnum):
    """What decided which provider a name means; the codes of `provider-matched`."""

    NAME = "name"
    BIN = "bin"
    CLERK = "clerk"


class Candidate(BaseModel):
    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    score: float


class MatchItem(BaseModel):
    """A typed name that waits for a clerk. `name` is read from intake for this answer and never stored; null while intake is down."""

    appeal_id: UUID
    number: str
    region: str
    received_at: datetime
    name: str | None
    candidates: list[Candidate]
    next_actions: list[NextAction]


class ChooseRequest(StrictModel):
    provider_id: UUID


class ChoiceResult(BaseModel):
    """A clerk's choice, and the inquiry that was sent because of it, if any."""

    appeal_id: UUID
    number: str
    provider_id: UUID
    inquiry_id: UUID | None


class NoneRequest(StrictModel):
    """None of the candidates is meant: the body is empty."""


class MatchDismissed(BaseModel):
    """A typed name that means no provider of the directory."""

    appeal_id: UUID
    number: str
