"""The base of all events: a past-tense fact owned by one service, published under a versioned type."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

__all__ = [
    "APPEALS",
    "ARTICLES",
    "CALLS",
    "COMPACTED",
    "PARTITIONS",
    "PROVIDERS",
    "RATINGS",
    "REGISTRY",
    "SELF_SERVICE",
    "TOPICS",
    "AppealEvent",
    "Event",
    "ExtensionAttribute",
    "appeal_events",
    "fact_of",
    "newest",
    "newest_type",
    "upcaster",
]

APPEALS = "aryz.appeals.v1"
PROVIDERS = "aryz.providers.v1"
CALLS = "aryz.calls.v1"
RATINGS = "aryz.ratings.v1"
ARTICLES = "aryz.articles.v1"
SELF_SERVICE = "aryz.self-service.v1"
TOPICS = (APPEALS, PROVIDERS, CALLS, RATINGS, ARTICLES, SELF_SERVICE)
COMPACTED = frozenset({PROVIDERS, ARTICLES})
"""Topics of which Kafka retains the newest record of each key alone: a consumer that starts today needs no more than that."""
PARTITIONS = 12

REGISTRY: dict[str, type["Event"]] = {}
UPCASTERS: dict[str, tuple[str, Callable[[Any], "Event"]]] = {}
"""By the type of an old version: the type of the next version, and the function that converts the event to it."""


class ExtensionAttribute(NamedTuple):
    """A CloudEvents extension attribute: it repeats a fact of the payload as a header, so that a consumer can skip a record unread."""

    name: str
    """Lower-case letters and digits alone, as CloudEvents 1.0 asks."""
    description: str
    value_of: Callable[[Mapping[str, JsonValue]], bool | None]
    """Returns the value for a payload; None: the payload does not tell, and the header is left out."""


class Event(BaseModel):
    """A fact. Fields are codes, ids, times and counts, never a name, a number of a person, a contact or a text of people.

    What the Fund itself publishes may travel: names of organisations on `aryz.providers.v1`, answers to common questions on
    `aryz.articles.v1`.

    Changes are additive: a consumer ignores unknown fields, and a new field has a default.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="iso8601")

    SERVICE: ClassVar[str]
    FACT: ClassVar[str]
    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    EXTENSIONS: ClassVar[Sequence[ExtensionAttribute]] = ()

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
        """Return the id of the entity that the event is about. It is the partition key, so its events keep their order."""
        raise NotImplementedError


Old = TypeVar("Old", bound=Event)
New = TypeVar("New", bound=Event)


def upcaster(old: type[Old], new: type[New]) -> Callable[[Callable[[Old], New]], Callable[[Old], New]]:
    """Declare the conversion of an old version into the next one. Handlers receive only the newest version; the log is unchanged."""

    def declare(convert: Callable[[Old], New]) -> Callable[[Old], New]:
        if fact_of(old.TYPE) != fact_of(new.TYPE) or old.TYPE in UPCASTERS:
            raise TypeError(f"{old.TYPE} does not become {new.TYPE}, or does so twice")
        UPCASTERS[old.TYPE] = (new.TYPE, convert)
        return convert

    return declare


def newest(event: Event) -> Event:
    """Return the event in the newest version that this code knows."""
    while event.TYPE in UPCASTERS:
        event = UPCASTERS[event.TYPE][1](event)
    return event


def newest_type(event_type: str) -> str:
    """Return the type under which handlers receive events of this type."""
    while event_type in UPCASTERS:
        event_type = UPCASTERS[event_type][0]
    return event_type


def fact_of(event_type: str) -> str:
    """Return a type without its version."""
    return event_type.rpartition(".v")[0]


class AppealEvent(Event):
    """An event in the life of one appeal."""

    appeal_id: UUID

    @property
    def subject(self) -> UUID:
        return self.appeal_id


def appeal_events(*, foreign_to: str | None = None) -> Sequence[type[AppealEvent]]:
    """Return every event in the life of an appeal, in its newest version. `foreign_to`: only those of other services than this."""
    known = [event for event_type, event in REGISTRY.items() if issubclass(event, AppealEvent) and event_type not in UPCASTERS]
    return [event for event in known if foreign_to != event.SERVICE]
