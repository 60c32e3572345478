"""Use cases of suggestions: which published articles may answer a question that is being written, and counting those that did.

The text is read and forgotten: it is neither stored nor logged. Nothing is offered for complaints, for danger and for protected matters,
because none of them may end with an article.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from intake.register.service.recipients import day_of
from intake.suggestions import repository
from intake.suggestions.policy import suggestion_policy
from intake.suggestions.schemas import OfferedArticle, SelfServiceIn, Suggestion
from intake.suggestions.service.index import ArticleIndex
from intake.suggestions.service.tickets import list_of, ticket_of
from intake.suggestions.service.topics import topic_model
from shared.contracts import QuestionSelfServed
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.language.danger import signs_of_danger
from shared.language.detectors import DetectorText
from shared.language.protected import signs_of_protected
from shared.unit_of_work import UnitOfWork

__all__ = ["ArticleIndex", "check_policies", "find", "note_shown", "purge", "record", "shown_before", "shown_ids", "text_in", "ticket_of"]

QUESTION: Final = "CONSULTATION"
_HALF: Final = 16  # bytes of a keyed hash that make an id
_NOTED: Final = 9  # ids of articles that are noted with an appeal; more were hardly read


def check_policies() -> None:
    """Read the policy file and the topic model. Raises ReferenceDataError or ValueError."""
    suggestion_policy(), topic_model()


def find(index: ArticleIndex, text: str, kind: str | None, day: date) -> Sequence[Suggestion]:
    """Return the articles to offer for a text, best first; none if it may be anything but a question. Linear in the text."""
    policy = suggestion_policy()
    if kind not in {None, "", QUESTION} or len(text) < policy.shortest or _needs_a_person(text):
        return []
    limit = policy.no_question_chosen if kind == QUESTION else policy.no_question
    return index.search(text, day, policy.shown, no_question=limit)


def _needs_a_person(text: str) -> bool:
    read = DetectorText.of(text)
    return bool(signs_of_danger(text, read) or signs_of_protected(text, read))


def text_in(texts: dict[str, str], language: Language) -> str:
    """Return a text in a language; articles exist in Kazakh and Russian, and Russian stands for English."""
    return texts["kk" if language == LANGUAGES[0] else "ru"]


async def record(work: UnitOfWork, given: SelfServiceIn, article: OfferedArticle | None, sender: str) -> None:
    """Count a question that an article answered and publish it, once for a list that was shown. Raises InvalidInput.

    Without the ticket of a list it counts once for a sender, an article and a day. `sender`: what tells one person from another. It is
    hashed with a key and not stored.
    """
    today = day_of(work.clock.now())
    if article is None or not article.is_valid_on(today):
        raise InvalidInput.field("article_id", "unknown-code", DETAILS["unknown-code"])
    if given.channel not in taxonomy().channels:
        raise InvalidInput.field("channel", "unknown-code", DETAILS["unknown-code"])
    if given.region is not None and given.region not in regions():
        raise InvalidInput.field("region", "unknown-code", DETAILS["unknown-code"])
    list_id = list_of(work.pepper, given.ticket, today)
    counted = f"list/{list_id}" if list_id is not None else f"{sender}/{article.id}/{today}"
    question_id = UUID(bytes=work.pepper.keyed_hmac("self-service", counted.encode())[:_HALF])
    if not await repository.add_self_service(work.session, {"id": question_id, "day": today}):
        return
    work.publish(
        QuestionSelfServed(
            question_id=question_id,
            article_id=article.id,
            topic=article.topic,
            channel=given.channel,
            region=given.region,
            language=given.language,
            served_at=work.clock.now(),
        )
    )


def shown_ids(value: str) -> list[UUID]:
    """Return the ids of articles in a hidden field, separated by spaces; anything else is ignored."""
    found: list[UUID] = []
    for entry in value.split()[:_NOTED]:
        with contextlib.suppress(ValueError):
            found.append(UUID(entry))
    return found


async def note_shown(work: UnitOfWork, appeal_id: UUID, article_ids: Sequence[UUID]) -> None:
    """Store which articles were shown before an appeal was filed: they did not answer it."""
    await repository.add_shown(work.session, {"appeal_id": appeal_id, "article_ids": [str(each) for each in article_ids]})


async def shown_before(work: UnitOfWork, appeal_ids: Collection[UUID]) -> Mapping[UUID, Sequence[str]]:
    """Return the ids of the articles that were shown before these appeals were filed, by appeal."""
    return await repository.shown_articles(work.session, appeal_ids)


async def purge(work: UnitOfWork) -> None:
    """Delete the marks of answered questions that are past their retention."""
    await repository.purge_self_service(work.session, day_of(work.clock.now()) - timedelta(days=suggestion_policy().kept_days))
