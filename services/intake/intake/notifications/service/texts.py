"""The texts of notifications (`data/notice_texts.toml`), checked when read for completeness, placeholders and length."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from intake.notifications.codes import CODES, NotificationReason, NotificationState
from intake.notifications.service.policy import routes
from shared.domain.labels import LANGUAGES, Label, Language
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document

FILE: Final = "notice_texts.toml"
SMS_LIMIT: Final = 70  # UCS-2 characters of a single message; any Kazakh or Russian letter makes UCS-2 necessary
LONGEST_VALUES: Final = {"number": "2026-43-0000017-9", "code": "00000000"}


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
    given = policy_document("intake.notifications", FILE)
    try:
        found = NotificationTexts(
            MappingProxyType({code: _template(code, entry) for code, entry in given["template"].items()}),
            _labels(given["mail"]),
            _labels(given["state"]),
            _labels(given["reason"]),
        )
    except (KeyError, TypeError) as missing:
        raise ReferenceDataError(FILE, 1, f"is incomplete: {missing}") from None
    wanted = {route.template for route in routes().values()}
    if wanted != set(found.templates) or set(found.states) != set(NotificationState) or set(found.reasons) != set(NotificationReason):
        raise ReferenceDataError(FILE, 1, "its templates, states and reasons are not those in use")
    return found


def fill(label: Label, language: Language, values: Mapping[str, str]) -> str:
    """Return a text in one language with its placeholders filled."""
    return label.in_(language).format(**values)


def writing_language(code: str | None) -> Language:
    """Return the language to write in: the given one, or Kazakh for an unknown one."""
    return next((language for language in LANGUAGES if language == code), "kk")


def _labels(given: Mapping[str, Mapping[str, str]]) -> Mapping[str, Label]:
    return MappingProxyType({code: Label(**entry) for code, entry in given.items()})


def _template(code: str, given: Mapping[str, Mapping[str, str]]) -> NotificationTemplate:
    template = NotificationTemplate(Label(**given["short"]), Label(**given["sms"]), Label(**given["body"]))
    values = LONGEST_VALUES if code in CODES else {"number": LONGEST_VALUES["number"]}
    for language in LANGUAGES:
        try:
            _, sms, _ = (fill(label, language, values) for label in (template.short, template.sms, template.body))
        except (KeyError, IndexError, ValueError):
            raise ReferenceDataError(FILE, 1, f"{code} in {language} has a name that nothing fills") from None
        if len(sms.encode("utf-16-be")) > 2 * SMS_LIMIT:
            raise ReferenceDataError(FILE, 1, f"the SMS of {code} in {language} is longer than {SMS_LIMIT} characters")
    return template
