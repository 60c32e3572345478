"""What an event is: a past-tense fact owned by one service, published under a versioned type."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

APPEALS = "aryz.appeals.v1"
PROVIDERS = "aryz.providers.v1"
TOPICS = (APPEALS, PROVIDERS)
PARTITIONS = 12

REGISTRY: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """A fact. Fields are codes, ids, times and counts; never a name, a number of a person, a contact or a text.

    Changes are additive: a reader ignores fields it does not know, and a new field has a default.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="iso8601")

    SERVICE: ClassVar[str]
    FACT: ClassVar[str]
    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]

    def __init_subclass__(cls, *, service: str = "", fact: str = "", version: int = 1, topic: str = APPEALS, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not fact:
            return
        cls.SERVICE, cls.FACT, cls.TOPIC = service, fact, topic
        cls.TYPE = f"kz.aryz.{service}.{fact}.v{version}"
        if cls.TYPE in REGISTRY:
            raise TypeError(f"{cls.TYPE} is declared twice")
        REGISTRY[cls.TYPE] = cls

    @property
    def subject(self) -> UUID:
        """What the fact is about; the key under which its topic keeps the order."""
        raise NotImplementedError


class AppealEvent(Event):
    """A fact of one appeal's life."""

    appeal_id: UUID

    @property
    def subject(self) -> UUID:
        return self.appeal_id
