"""What a conversation has done for it: looking things up, and what a person may do with an appeal, by the use cases of every channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row

from intake.channels.telegram import repository
from intake.channels.telegram.service import conversation, following
from intake.channels.telegram.service.following import Followed
from intake.channels.telegram.service.steps import (
    Effect,
    File,
    Find,
    History,
    Judge,
    Rate,
    ReadAnswer,
    ReadQuestion,
    Reply,
    Show,
    Suggest,
    Talk,
    Turn,
)
from intake.channels.telegram.service.texts import script
from intake.channels.telegram.service.updates import ISSUER, speaker
from intake.register.dependencies import Intake
from intake.register.schemas import AppealIn, ConfirmationIn, FeedbackIn, MessageIn, Tracked
from intake.register.schemas.codes import Verdict
from intake.register.service import outcome
from intake.register.service.admission import Admission
from intake.register.service.messages import add_message
from intake.register.service.providers import active_providers, name_in, nearest, only_match
from intake.register.service.registration import shown_status
from intake.register.service.tracking import find_appeal, track
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import regions
from shared.errors import DomainError, InvalidInput, Unavailable
from shared.idempotency import IdempotencyKeyReused
from shared.web.formats import Formats

CHANNEL: Final = "TELEGRAM"
_FORMATS: Final = {language: Formats(language) for language in LANGUAGES}


@dataclass(frozen=True, slots=True)
class Deeds:
    """For one chat, by its key and owner."""

    intake: Intake
    chat: bytes
    owner: bytes

    async def do(self, talk: Talk, effect: Effect, at: datetime, key: str) -> Turn:
        """Do it and say what came of it. `at`: when the person asked for it; `key`: names the asking. Done again, it has the same end."""
        if isinstance(effect, File):
            return await self._file(talk, effect, at)
        if isinstance(effect, Suggest):
            return await self._suggest(talk, effect)
        if isinstance(effect, History):
            rows = await self._appeals()
            return following.listed(talk, [self._followed(row, talk.speaks) for row in rows])
        if isinstance(effect, Find):
            return await self._find(talk, effect)
        return await self._with_own(talk, effect, key)

    async def _find(self, talk: Talk, effect: Find) -> Turn:
        """The chat's own appeal; the number of another one is as if there were none."""
        async with self.intake.parts.database.read() as session:
            found = await find_appeal(session, effect.number)
        rows = await self._appeals(found[0].id) if found is not None else []
        return following.shown(talk, self._followed(rows[0], talk.speaks)) if rows else following.not_here(talk)

    async def _file(self, talk: Talk, effect: File, at: datetime) -> Turn:
        sender = speaker(self.chat)
        admission = Admission(CHANNEL, f"{ISSUER}\n{sender.subject}", may_follow=True, may_backdate=True)
        given: Mapping[str, Any] = {**effect.appeal, "received_at": at.isoformat()}
        try:
            receipt = await self.intake.file(AppealIn.model_validate(given), admission, key=effect.key)
        except (ValidationError, InvalidInput):
            return conversation.not_filed(talk)
        except IdempotencyKeyReused:
            return conversation.filed_before(talk)
        talon, formats = receipt.registered, _FORMATS[talk.speaks]
        zone = regions()[given["region"]].timezone
        received, due = formats.datetime(talon.received_at, zone), formats.date(talon.due_at, zone)
        return conversation.filed(talk, talon.number, pin=talon.pin, received=received, due=due)

    async def _suggest(self, talk: Talk, effect: Suggest) -> Turn:
        async with self.intake.parts.database.read() as session:
            found = nearest(effect.typed, await active_providers(session, effect.region))
        certain = only_match(found)
        one = (str(certain.id), name_in(certain, talk.speaks)) if certain is not None else None
        return conversation.suggested(talk, one, [(str(each.id), name_in(each, talk.speaks)) for each, _ in found])

    async def _with_own(self, talk: Talk, effect: Show | ReadAnswer | ReadQuestion | Judge | Rate | Reply, key: str) -> Turn:
        """Only with an appeal of this chat: another's is as if it were not."""
        rows = await self._appeals(effect.appeal_id)
        if not rows:
            return following.impossible(talk)
        if isinstance(effect, Show):
            return following.shown(talk, self._followed(rows[0], talk.speaks))
        if isinstance(effect, ReadAnswer):
            return await self._read(talk, rows[0])
        if isinstance(effect, ReadQuestion):
            seen = await self._seen(rows[0])
            return following.questioned(talk, next((each.text for each in seen.messages if each.id == seen.open_question), None))
        try:
            return await self._act(talk, effect, key)
        except Unavailable:
            raise
        except (DomainError, ValidationError):
            return following.impossible(talk)

    async def _act(self, talk: Talk, effect: Judge | Rate | Reply, key: str) -> Turn:
        """What every channel lets an applicant do. Raises what those use cases raise."""
        parts, appeal_id = self.intake.parts, effect.appeal_id
        if isinstance(effect, Rate):
            await outcome.rate(parts, appeal_id, FeedbackIn(score=effect.score), key=key)
            return following.rated(talk)
        if isinstance(effect, Reply):
            await add_message(parts, appeal_id, MessageIn(text=effect.text), key=key)
            return following.replied(talk)
        said = ConfirmationIn(outcome=Verdict.RESOLVED if effect.resolved else Verdict.NOT_RESOLVED, reason=effect.reason)
        told = (await outcome.confirm(parts, self.intake.register, appeal_id, said, key=key)).response
        number = told.followed_by.number if told.followed_by is not None else None
        return following.judged(talk, appeal_id, resolved=effect.resolved, followed_by=number)

    async def _read(self, talk: Talk, row: Row[Any]) -> Turn:
        seen = await self._seen(row)
        text = (
            None
            if seen.answer is None
            else "\n\n".join(filter(None, (seen.answer.text, seen.answer.next_steps, seen.answer.how_to_complain)))
        )
        return following.answered(talk, row.id, text, is_open=seen.status == "ANSWERED")

    async def _seen(self, row: Row[Any]) -> Tracked:
        intake, sender = self.intake, speaker(self.chat)
        return await track(intake.parts, intake.guesses, intake.list_files, number=row.number, pin=None, principal=sender, address=ISSUER)

    async def _appeals(self, appeal_id: UUID | None = None) -> list[Row[Any]]:
        async with self.intake.parts.database.read() as session:
            return list(await repository.appeals_of(session, self.owner, script().limits.history, appeal_id))

    def _followed(self, row: Row[Any], language: Language) -> Followed:
        status = shown_status(row.status, row.registered_at, self.intake.parts.clock.now())
        due = _FORMATS[language].date(row.due_at, regions()[row.region].timezone) if row.due_at else "–"
        return Followed(row.id, row.number, status, due)
