"""Tickets of the lists of articles that were shown: a list counts at most one answered question, and only a list of this server counts."""

import hmac
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from shared.sealing import Pepper

PURPOSE: Final = "shown-articles"
_PROOF: Final = 32  # hexadecimal digits of the keyed hash


def ticket_of(pepper: Pepper, list_id: UUID, day: date) -> str:
    """Return the ticket of a list that is shown on a day: its id and the proof that this server showed it."""
    return f"{list_id}.{_proof(pepper, list_id, day)}"


def list_of(pepper: Pepper, ticket: str | None, today: date) -> UUID | None:
    """Return the id of the list of a ticket, None for one that was not made here today or yesterday."""
    name, _, proof = (ticket or "").partition(".")
    try:
        list_id = UUID(name)
    except ValueError:
        return None
    days = (today, today - timedelta(days=1))  # a question may be answered after midnight
    return list_id if any(hmac.compare_digest(_proof(pepper, list_id, day).encode(), proof.encode()) for day in days) else None


def _proof(pepper: Pepper, list_id: UUID, day: date) -> str:
    return pepper.keyed_hmac(PURPOSE, f"{list_id}/{day}".encode()).hex()[:_PROOF]
