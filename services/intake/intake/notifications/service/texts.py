"""The words of notices (`data/notice_texts.toml`), checked when read: each says what it may, and fits where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from intake.notifications.models import CODES
from intake.notifications.service.policy import routes
from shared.domain.labels import LANGUAGES, Label, Language
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document

FILE: Final = "notice_texts.toml"
SMS_LIMIT: Final = 70  # of UCS-2 in a single message, which any Kazakh or Russian letter makes necessary
FULLEST: Final = {"number": "2026-43-0000017-9", "code": "00000000"}
STATES: Final = frozenset({"PLANNED", "SENT", "DELIVERED", "BY_HAND", "FOLDED", "FAILED"})
REASONS: Final = frozenset({"NO_WAY", "UNCONFIRMED", "REFUSED", "NOT_NOW", "NO_REPLY", "ANSWER_AWAY", "UNDELIVERED", "LIMIT", "UNREADABLE"})


@dataclass(frozen=True, slots=True)
class Template:
    short: Label
    sms: Label
    body: Label


@dataclass(frozen=True, slots=True)
class Texts:
    templates: Mapping[str, Template]
    mail: Mapping[str, Label]
    states: Mapping[str, Label]
    reasons: Mapping[str, Label]


@cache
def texts() -> Texts:
    """Raises ReferenceDataError for a text that is missing, a name in it that nothing fills, or an SMS longer than one message."""
    given = policy_document("intake.notifications", FILE)
    try:
        found = Texts(
            MappingProxyType({code: _template(code, entry) for code, entry in given["template"].items()}),
            _labels(given["mail"]),
            _labels(given["state"]),
            _labels(given["reason"]),
        )
    except (KeyError, TypeError) as missing:
        raise ReferenceDataError(FILE, 1, f"is incomplete: {missing}") from None
    wanted = {route.template for route in routes().values()}
    if wanted != set(found.templates) or set(found.states) != STATES or set(found.reasons) != REASONS:
        raise ReferenceDataError(FILE, 1, "its templates, states and reasons are not those in use")
    return found


def filled(label: Label, language: Language, values: Mapping[str, str]) -> str:
    """The text in one language with its names filled."""
    return label.in_(language).format(**values)


def as_language(code: str | None) -> Language:
    """The language to write in; Kazakh where none that we write is known."""
    return next((one for one in LANGUAGES if one == code), "kk")


def _labels(given: Mapping[str, Mapping[str, str]]) -> Mapping[str, Label]:
    return MappingProxyType({code: Label(**entry) for code, entry in given.items()})


def _template(code: str, given: Mapping[str, Mapping[str, str]]) -> Template:
    made = Template(Label(**given["short"]), Label(**given["sms"]), Label(**given["body"]))
    values = FULLEST if code in CODES else {"number": FULLEST["number"]}
    for language in LANGUAGES:
        try:
            longest = [filled(label, language, values) for label in (made.short, made.sms, made.body)][1]
        except (KeyError, IndexError, ValueError):
            raise ReferenceDataError(FILE, 1, f"{code} in {language} has a name that nothing fills") from None
        if len(longest.encode("utf-16-be")) > 2 * SMS_LIMIT:
            raise ReferenceDataError(FILE, 1, f"the SMS of {code} in {language} is longer than {SMS_LIMIT} characters")
    return made
