"""The policy files of notifications, checked when read: `notice_routes.csv`, `notice_policy.toml`, `notice_texts.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

from intake.notifications.codes import CODES, DeliveryMethod, NotificationReason, NotificationState, Recipient
from intake.register.codes import OVERRULED, PIN_REPLACED
from intake.register.service import answer_channels
from shared.contracts import AppealEvent, appeal_events
from shared.domain.labels import LANGUAGES, Label
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document, policy_rows

ROUTES: Final = "notice_routes.csv"
POLICY: Final = "notice_policy.toml"
TEXTS: Final = "notice_texts.toml"
SMS_LIMIT: Final = 70  # UCS-2 characters of a single message; any Kazakh or Russian letter makes UCS-2 necessary
LONGEST_VALUES: Final = {"number": "2026-43-0000017-9", "code": "00000000"}
CONTINUED: Final = "appeal-continued"
NEWS: Final = "news"
RECEIPT: Final = "receipt"
_OTHER_FACTS: Final = frozenset({CONTINUED, NEWS, OVERRULED, PIN_REPLACED, RECEIPT, *CODES})
"""The facts of notifications that are no events."""


@dataclass(frozen=True, slots=True)
class NotificationRoute:
    """How a fact is notified by one delivery method."""

    template: str
    urgent: bool
    """Sent at any hour, and not counted against the limit."""
    with_answer: bool
    """The answer is included, if the applicant chose this method for it."""


@dataclass(frozen=True, slots=True)
class NotificationPolicy:
    """Hours, limits, retries and methods of notifications."""

    opens: time
    closes: time
    """Notifications that are not urgent are sent between both times, in the region's local time."""
    limit: int
    window: timedelta
    """At most `limit` notifications of an appeal within `window`; further ones become one notification later."""
    recipient_limit: int
    """At most this many notifications to one recipient in a day, of all appeals together; the rest waits for the next day."""
    retries: tuple[timedelta, ...]
    """The wait after each failed attempt; after the last one the next method is tried."""
    longest: timedelta
    """Without another method, the last wait is repeated for this time after planning."""
    lease: timedelta
    """A claimed notification is due again after this time, as its worker counts as lost."""
    code_life: timedelta
    """A code is not sent any more after this time."""
    order: tuple[DeliveryMethod, ...]
    silent: frozenset[DeliveryMethod]
    """Applicants who chose one of these are notified by others."""
    manual: frozenset[DeliveryMethod]
    """A person prints the letter or makes the call."""
    settled: frozenset[str]
    unsettled: frozenset[str]
    consent_digits: frozenset[str]
    consent_words: frozenset[str]


@cache
def routes() -> Mapping[tuple[str, Recipient, DeliveryMethod], NotificationRoute]:
    """Return the routes by fact, recipient and delivery method.

    Raises ReferenceDataError for an unknown fact, recipient or method, a route given twice, and methods that differ from `DeliveryMethod`.
    """
    if different := set(answer_channels()) ^ (set(DeliveryMethod) - {DeliveryMethod.ANY}):
        raise ReferenceDataError("answer_channels.csv", 1, f"differs from DeliveryMethod: {', '.join(sorted(different))}")
    found, facts = {}, _OTHER_FACTS | {event.FACT for event in appeal_events()}
    for row in policy_rows("intake.notifications", ROUTES):
        recipient = Recipient(row.one_of("recipient", frozenset(Recipient)))
        key = (row.one_of("fact", facts), recipient, DeliveryMethod(row.one_of("channel", answer_channels())))
        if key in found:
            raise row.error("is given twice")
        found[key] = NotificationRoute(row.text("template"), row.flag("urgent"), row.flag("with_answer"))
    return MappingProxyType(found)


@cache
def notified_facts() -> frozenset[str]:
    """Return the facts of which somebody is notified. Raises ReferenceDataError."""
    return frozenset(fact for fact, _, _ in routes())


@cache
def notified_events() -> Sequence[type[AppealEvent]]:
    """Return the events of which somebody is notified. Raises ReferenceDataError."""
    return tuple(event for event in appeal_events() if event.FACT in notified_facts())


@cache
def policy() -> NotificationPolicy:
    """Return the policy. Raises ReferenceDataError for an unknown delivery method or values that contradict each other."""
    given = policy_document("intake.notifications", POLICY)
    try:
        channels = given["channels"]
        named = {*channels["order"], *channels["silent"], *channels["by_hand"]}
        if not named <= set(answer_channels()):
            raise ReferenceDataError(POLICY, 1, "names a channel that is not known")
        found = NotificationPolicy(
            opens=given["hours"]["opens"],
            closes=given["hours"]["closes"],
            limit=given["limit"]["notices"],
            recipient_limit=given["limit"]["recipient_a_day"],
            window=timedelta(minutes=given["limit"]["minutes"]),
            retries=tuple(timedelta(seconds=each) for each in given["attempts"]["retry_after_seconds"]),
            longest=timedelta(hours=given["attempts"]["longest_hours"]),
            lease=timedelta(seconds=given["attempts"]["lease_seconds"]),
            code_life=timedelta(minutes=given["attempts"]["code_minutes"]),
            order=tuple(DeliveryMethod(code) for code in channels["order"]),
            silent=frozenset(DeliveryMethod(code) for code in channels["silent"]),
            manual=frozenset(DeliveryMethod(code) for code in channels["by_hand"]),
            settled=frozenset(given["reply"]["settled"]),
            unsettled=frozenset(given["reply"]["unsettled"]),
            consent_digits=frozenset(given["reply"]["consent_digits"]),
            consent_words=frozenset(given["reply"]["consent_words"]),
        )
    except KeyError as missing:
        raise ReferenceDataError(POLICY, 1, f"{missing} is missing") from None
    if found.opens >= found.closes or found.limit < 1 or found.recipient_limit < 1 or found.settled & found.unsettled:
        raise ReferenceDataError(POLICY, 1, "contradicts itself")
    return found


@dataclass(frozen=True, slots=True)
class NotificationTemplate:
    """The texts of one template: subject of a mail and Telegram message, SMS, and paragraph of a mail or letter."""

    short: Label
    sms: Label
    body: Label


@dataclass(frozen=True, slots=True)
class NotificationTexts:
    """All texts of notifications, and the labels of states and reasons."""

    templates: Mapping[str, NotificationTemplate]
    mail: Mapping[str, Label]
    states: Mapping[str, Label]
    reasons: Mapping[str, Label]


@cache
def notification_texts() -> NotificationTexts:
    """Return the texts. Raises ReferenceDataError for a missing text, an unknown placeholder, or an SMS longer than one message."""
    given = policy_document("intake.notifications", TEXTS)
    try:
        found = NotificationTexts(
            MappingProxyType({code: _template(code, entry) for code, entry in given["template"].items()}),
            _labels(given["mail"]),
            _labels(given["state"]),
            _labels(given["reason"]),
        )
    except (KeyError, TypeError) as missing:
        raise ReferenceDataError(TEXTS, 1, f"is incomplete: {missing}") from None
    wanted = {route.template for route in routes().values()}
    if wanted != set(found.templates) or set(found.states) != set(NotificationState) or set(found.reasons) != set(NotificationReason):
        raise ReferenceDataError(TEXTS, 1, "its templates, states and reasons are not those in use")
    return found


def _labels(given: Mapping[str, Mapping[str, str]]) -> Mapping[str, Label]:
    return MappingProxyType({code: Label(**entry) for code, entry in given.items()})


def _template(code: str, given: Mapping[str, Mapping[str, str]]) -> NotificationTemplate:
    template = NotificationTemplate(Label(**given["short"]), Label(**given["sms"]), Label(**given["body"]))
    values = LONGEST_VALUES if code in CODES else {"number": LONGEST_VALUES["number"]}
    for language in LANGUAGES:
        try:
            _, sms, _ = (label.in_(language).format(**values) for label in (template.short, template.sms, template.body))
        except (KeyError, IndexError, ValueError):
            raise ReferenceDataError(TEXTS, 1, f"{code} in {language} has a name that nothing fills") from None
        if len(sms.encode("utf-16-be")) > 2 * SMS_LIMIT:
            raise ReferenceDataError(TEXTS, 1, f"the SMS of {code} in {language} is longer than {SMS_LIMIT} characters")
    return template
