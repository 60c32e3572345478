"""What the bot's worker uses as routes use their request dependencies: it opens a unit of work for each action of a conversation."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from intake.channels.telegram.schemas.rows import ChatAppeal
from intake.channels.telegram.service import actions, drafts, filed_appeals, offers
from intake.channels.telegram.service.actions import FORMATS
from intake.channels.telegram.service.steps import (
    AnswerOffer,
    AppealChange,
    ArticleAction,
    ChatAction,
    ChatEvent,
    ConversationState,
    FileAppeal,
    FindAppeal,
    ListAppeals,
    ListDoctors,
    ProviderAction,
    RateAppeal,
    RateProvider,
    ReadAnswer,
    ReadQuestion,
    ReportSelfService,
    SendReply,
    ShowAppeal,
    StepResult,
    SuggestArticles,
    SuggestProviders,
    WithdrawConsent,
)
from intake.channels.telegram.service.updates import ISSUER, chat_principal
from intake.channels.telegram.service.worker import ConversationWorker
from intake.ratings import service as ratings
from intake.ratings.dependencies import Rosters
from intake.ratings.errors import DoctorNotListed
from intake.ratings.schemas import RatingIn
from intake.ratings.service.doctors import find_doctors
from intake.register.codes import AnswerMethod, Verdict
from intake.register.dependencies import Intake
from intake.register.errors import CommitmentAnswered, ConsentAnswered, ProposalAnswered
from intake.register.schemas import AppealIn, ConfirmationIn, FeedbackIn, MessageIn, Tracked
from intake.register.schemas.offers import ConsentWithdrawalIn, OfferAnswer
from intake.register.service.admission import Admission
from intake.register.service.offers import find_offer
from intake.register.service.providers import active_providers
from intake.suggestions.dependencies import Suggester
from intake.suggestions.schemas import SelfServiceIn
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import regions
from shared.errors import DomainError, InvalidInput, TooMany, Unavailable
from shared.idempotency import IdempotencyKeyReused

CHANNEL: Final = "TELEGRAM"


@dataclass(frozen=True, slots=True)
class ChatActions:
    """Does the actions of one chat, named by its key and owner, through the use cases of every channel."""

    intake: Intake
    suggester: Suggester
    rosters: Rosters
    chat: bytes
    owner: bytes

    async def do(self, state: ConversationState, action: ChatAction, at: datetime, key: str) -> StepResult:
        """Do an action and return the next result. Done again under the same key it has the same result.

        `at`: when the person asked for it. `key`: the idempotency key.
        """
        if isinstance(action, FileAppeal):
            return await self._file(state, action, at)
        if isinstance(action, SuggestProviders):
            async with self.intake.parts.units.read() as work:
                providers = await active_providers(work.session, action.region)
            return await actions.suggest_providers(state, action, providers)
        if isinstance(action, SuggestArticles | ReportSelfService):
            return await self._with_articles(state, action)
        if isinstance(action, FindAppeal | ListAppeals | ShowAppeal):
            async with self.intake.parts.units.read() as work:
                return await actions.read(work, self.owner, state, action)
        if isinstance(action, ProviderAction):
            return await self._with_provider(state, action, key)
        return await self._with_own_appeal(state, action, key)

    async def _file(self, state: ConversationState, action: FileAppeal, at: datetime) -> StepResult:
        sender = chat_principal(self.chat)
        admission = Admission(CHANNEL, f"{ISSUER}\n{sender.subject}", may_follow=True, may_backdate=True)
        try:
            appeal = AppealIn.model_validate({**action.appeal, "received_at": at.isoformat()})
            receipt = (await self.intake.file(appeal, admission, key=action.key, condition=self.suggester.noting(action.shown))).registered
        except (ValidationError, InvalidInput):
            return drafts.not_filed(state)
        except IdempotencyKeyReused:
            return drafts.filed_before(state)
        formats, zone = FORMATS[state.shown_language], regions()[action.appeal["region"]].timezone
        received, due = formats.datetime(receipt.received_at, zone), formats.date(receipt.due_at, zone)
        return drafts.filed(state, receipt.number, pin=receipt.pin, received=received, due=due)

    async def _with_provider(self, state: ConversationState, action: ProviderAction, key: str) -> StepResult:
        """Rate an organisation or one of its doctors, or answer its offer."""
        if isinstance(action, ListDoctors):
            return await self._list_doctors(state, action)
        if isinstance(action, RateProvider):
            return await self._rate_provider(state, action)
        return await self._answer_offer(state, action, key)

    async def _list_doctors(self, state: ConversationState, action: ListDoctors) -> StepResult:
        roster = await self.rosters.doctors(action.provider_id)
        if not roster:
            return drafts.no_doctors(state, is_roster_known=roster is not None)
        found = find_doctors(roster, action.query)
        if not found:
            return drafts.doctor_unknown(state)
        named = [(str(doctor.doctor_id), doctor.label_in(state.shown_language)) for doctor in found]
        return drafts.doctors_listed(state, named, action.query, action.page)

    async def _with_articles(self, state: ConversationState, action: ArticleAction) -> StepResult:
        """Find articles for a question; or count it as answered, once for the chat, the article and the day.

        An article that is retired meanwhile has answered the question all the same.
        """
        if isinstance(action, SuggestArticles):
            found = await self.suggester.suggest(action.text, state.shown_language, action.kind)
            return drafts.articles_found(state, [(str(article.article_id), article.title, article.body) for article in found])
        fields = {"article_id": action.article_id, "channel": CHANNEL, "region": action.region, "language": state.shown_language}
        with suppress(InvalidInput):
            async with self.intake.parts.units.write() as work:
                await self.suggester.record(work, SelfServiceIn.model_validate(fields), f"chat/{self.chat.hex()}")
        return drafts.to_menu(state, "answered_by_article")

    async def _rate_provider(self, state: ConversationState, action: RateProvider) -> StepResult:
        """Store a rating under the chat's key. Repeated work changes nothing: the same rating is published once."""
        rating = RatingIn(provider_id=action.provider_id, doctor_id=action.doctor_id, score=action.score)
        roster = await self.rosters.doctors(action.provider_id) if action.doctor_id is not None else None
        try:
            async with self.intake.parts.units.write() as work:
                by = ratings.RatedBy(ratings.person_of(work.pepper, f"chat/{self.chat.hex()}"), CHANNEL)
                await ratings.rate(work, rating, by, roster)
        except (InvalidInput, DoctorNotListed, TooMany):
            return drafts.provider_not_rated(state)
        return drafts.provider_rated(state)

    async def _answer_offer(self, state: ConversationState, action: AnswerOffer, key: str) -> StepResult:
        """Store the answer to an offer about an appeal of this chat; an offer about another appeal counts as unknown."""
        async with self.intake.parts.units.read() as work:
            offer = await find_offer(work, action.offer_id)
            appeal = await actions.own_appeal(work, self.owner, offer.appeal_id) if offer is not None else None
        if offer is None or appeal is None:
            return filed_appeals.impossible(state)
        given = OfferAnswer(kind=offer.kind, offer_id=offer.id, answer=action.yes, method=AnswerMethod.TELEGRAM)
        try:
            stored = (await self.intake.actions.answer_offer(appeal.id, given, key=key)).response
        except (ProposalAnswered, CommitmentAnswered, ConsentAnswered):
            return offers.answered_before(state)
        except Unavailable:
            raise
        except DomainError:
            return filed_appeals.impossible(state)
        left = stored.changeable_until - self.intake.parts.clock.now() if stored.changeable_until else timedelta()
        return offers.answered(state, offer.id, offer.kind, yes=action.yes, seconds=max(0, int(left.total_seconds())))

    async def _with_own_appeal(self, state: ConversationState, action: AppealChange | ReadAnswer | ReadQuestion, key: str) -> StepResult:
        """Do an action on an appeal of this chat; an appeal of another chat counts as unknown."""
        async with self.intake.parts.units.read() as work:
            appeal = await actions.own_appeal(work, self.owner, action.appeal_id)
        if appeal is None:
            return filed_appeals.impossible(state)
        if isinstance(action, ReadAnswer):
            return await self._read_answer(state, appeal)
        if isinstance(action, ReadQuestion):
            tracked = await self._track(appeal)
            question = next((message.text for message in tracked.messages if message.id == tracked.open_question), None)
            return filed_appeals.question_read(state, question)
        try:
            return await self._change(state, action, key)
        except Unavailable:
            raise
        except (DomainError, ValidationError):
            return filed_appeals.impossible(state)

    async def _change(self, state: ConversationState, action: AppealChange, key: str) -> StepResult:
        """Do what every channel lets an applicant do. Raises what those use cases raise."""
        appeal_id = action.appeal_id
        if isinstance(action, RateAppeal):
            await self.intake.actions.rate(appeal_id, FeedbackIn(score=action.score), key=key)
            return filed_appeals.rated(state)
        if isinstance(action, SendReply):
            await self.intake.actions.add_message(appeal_id, MessageIn(text=action.text), key=key)
            return filed_appeals.reply_sent(state)
        if isinstance(action, WithdrawConsent):
            await self.intake.actions.withdraw_consent(appeal_id, ConsentWithdrawalIn(), AnswerMethod.TELEGRAM, key=key)
            return filed_appeals.consent_withdrawn(state)
        confirmation = ConfirmationIn(outcome=Verdict.RESOLVED if action.resolved else Verdict.NOT_RESOLVED, reason=action.reason)
        done = (await self.intake.actions.confirm(appeal_id, confirmation, key=key)).response
        number = done.followed_by.number if done.followed_by is not None else None
        return filed_appeals.outcome_given(state, appeal_id, resolved=action.resolved, followed_by=number)

    async def _read_answer(self, state: ConversationState, appeal: ChatAppeal) -> StepResult:
        tracked = await self._track(appeal)
        answer, text = tracked.answer, None
        if answer is not None:
            text = "\n\n".join(filter(None, (answer.text, answer.next_steps, answer.how_to_complain)))
        return filed_appeals.answer_read(state, appeal.id, text, is_open=tracked.status == CaseStatus.ANSWERED)

    async def _track(self, appeal: ChatAppeal) -> Tracked:
        return await self.intake.opener.track(number=appeal.number, pin=None, principal=chat_principal(self.chat), address=ISSUER)


def conversation_worker(intake: Intake, event_of: Callable[[bytes], ChatEvent | None]) -> ConversationWorker:
    """Return a worker whose chats act through `intake`. `event_of` reads the body of an update."""
    suggester = Suggester(intake.parts.units, intake.parts.pepper, intake.parts.ids)
    rosters = Rosters(intake.parts.client_for, intake.parts.clock)
    return ConversationWorker(intake.parts, event_of, lambda chat, owner: ChatActions(intake, suggester, rosters, chat, owner).do)
