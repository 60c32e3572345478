"""Status of an appeal by telephone keypad: number and PIN are keyed in as digits, and the answer is read out as a sentence."""

from datetime import datetime
from typing import Final

from intake.channels.phone.policy import keypad_texts
from intake.channels.phone.schemas.exchange import KeypadIn, KeypadStatus
from intake.channels.phone.service.calls import dialable
from intake.register.service.registration import phone_key, shown_status
from intake.register.service.rights import is_decided
from intake.register.service.texts import holder_label, status_label
from intake.register.service.tracking import VisibleAppeal
from shared.domain.labels import LANGUAGES, Label, Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.sealing import Pepper
from shared.web.formats import Formats

WITHHELD: Final = "withheld"
_FORMATS: Final = {language: Formats(language) for language in LANGUAGES}


def caller_origin(pepper: Pepper, keyed: KeypadIn) -> str:
    """Return for whom wrong attempts are counted: the lookup key of the caller's number, or all callers who withhold theirs."""
    phone = dialable(keyed.caller)
    return f"phone {phone_key(pepper, phone).hex() if phone else WITHHELD}"


def status_by_keypad(seen: VisibleAppeal, language: Language, now: datetime) -> KeypadStatus:
    """Return the status of an opened appeal, with the sentence in the language in which it is read out."""
    tracking = seen.tracking
    status = shown_status(tracking.status, seen.appeal.registered_at, now)
    zone = regions()[tracking.region].timezone
    return KeypadStatus(
        status=status,
        holder=tracking.holder,
        tier=tracking.tier,
        due_on=tracking.due_at.astimezone(zone).date().isoformat() if tracking.due_at else None,
        answered=_is_answered(seen),
        language=language,
        sentence=_sentence(seen, status).in_(language),
    )


def _is_answered(seen: VisibleAppeal) -> bool:
    """Return whether an answer stands: not while a disputed answer is reviewed."""
    return seen.tracking.answer_id is not None and is_decided(seen.tracking.status)


def _sentence(seen: VisibleAppeal, status: str) -> Label:
    tracking, texts = seen.tracking, keypad_texts()
    if _is_answered(seen):
        return texts["answered"]
    if taxonomy().statuses[status].final or tracking.due_at is None:
        return texts["finished"].filled(status=status_label(status))
    zone = regions()[tracking.region].timezone
    due = Label(**{language: formats.date(tracking.due_at, zone) for language, formats in _FORMATS.items()})
    return texts["open"].filled(status=status_label(status), holder=holder_label(tracking.holder), due=due)
