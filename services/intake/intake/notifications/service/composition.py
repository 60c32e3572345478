"""What a notice says on its channel."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Row

from intake.notifications.models import CODES
from intake.notifications.service.policy import Route
from intake.notifications.service.texts import as_language, filled, texts
from intake.register.schemas import Answer
from shared.contents import Contents
from shared.domain.labels import Language
from shared.sealing import Sealer

TRACK: Final = "/intake/track"


async def answer_of(contents: Contents, row: Row[Any], *, reader: str) -> Answer | None:
    """The words of the answer, claimed from their owner for this one use. Raises OwnerUnavailable."""
    if row.answer_id is None or row.answered_at is None:
        return None
    content = (await contents.read("routing", [row.answer_id], purpose="tracking", on_behalf_of=reader)).get(row.answer_id)
    try:
        return Answer.model_validate({**content, "at": row.answered_at}) if content else None
    except ValidationError:
        return None


def written(sealer: Sealer, row: Row[Any], route: Route, *, channel: str, public_url: str, answer: Answer | None) -> tuple[str, str]:
    """Subject and text. Only a mail holds more than number and status, and an answer only if one is given. Raises SealError."""
    language, template = as_language(row.language or row.appeal_language), texts().templates[route.template]
    values = {"number": row.number}
    if row.secret is not None:
        values["code"] = sealer.open("notice", row.id, "secret", row.secret).decode()
    subject = filled(template.short, language, values)
    if channel == "SMS":
        return subject, filled(template.sms, language, values)
    if channel != "EMAIL":
        return subject, subject
    return subject, _mail(filled(template.body, language, values), language, row, answer, public_url)


def _mail(body: str, language: Language, row: Row[Any], answer: Answer | None, public_url: str) -> str:
    mail = texts().mail
    blocks = [body] if row.fact in CODES else [f"№ {row.number}", body]
    if answer is not None:
        blocks += answer_blocks(answer, language, mail)
    if row.fact not in CODES:
        blocks.append(filled(mail["page"], language, {"link": public_url + TRACK}))
    return "\n\n".join([*blocks, mail["signature"].in_(language)]) + "\n"


def answer_blocks(answer: Answer, language: Language, headings: Mapping[str, Any]) -> list[str]:
    """The answer in paragraphs, as the Fund wrote it."""
    blocks = [answer.text]
    for name in ("next_steps", "how_to_complain"):
        said = getattr(answer, name)
        if said:
            blocks.append(f"{headings[name].in_(language)}\n{said}")
    return blocks
