"""Codes on which the code of the cases branches."""

from enum import StrEnum
from typing import Annotated

from pydantic import WithJsonSchema

from shared.domain.lifecycle import CaseStatus, Holder


class Urgency(StrEnum):
    """URGENT: the text tells of danger to life or health."""

    NORMAL = "NORMAL"
    URGENT = "URGENT"


class CaseScope(StrEnum):
    """MINE: assigned to the reader and open. QUEUE: open and unassigned. REGION: of the reader's region."""

    MINE = "mine"
    QUEUE = "queue"
    REGION = "region"
    ALL = "all"


_text = WithJsonSchema({"type": "string"})  # these codes may grow: clients must accept new ones
StatusText = Annotated[CaseStatus, _text]
HolderText = Annotated[Holder, _text]
UrgencyText = Annotated[Urgency, _text]
