"""Texts that a clerk inserts into an answer: articles on the subject, articles found by a search, and sentences filled for the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseView
from routing.classification.service import subject_shares
from routing.desk.pages.case_forms import ReadyText, ReadyTexts
from routing.desk.pages.forms import SubmittedForm
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.reader import DeskReader
from routing.desk.service.macros import macros_of
from routing.knowledge import service as knowledge
from shared.domain.regions import regions
from shared.offload import run_on_text
from shared.unit_of_work import UnitOfWork

TEXTS: Final = "texts"
"""The last step of the URL to which the form of an answer is posted to search articles and to insert a text."""
QUERY: Final = "article_query"
QUERY_LENGTH: Final = 200
INSERT: Final = "insert"
INSERT_ARTICLE: Final = "insert_article"
MOST_FOUND: Final = 8  # articles: as many as a clerk looks through


@dataclass(frozen=True, slots=True)
class CaseArticles:
    """Articles for a case: on its subject, those that fit its text best, and those that a search found; None without a search.

    `query`: what was searched for.
    """

    own: list[knowledge.Article]
    suggested: list[knowledge.Article]
    found: list[knowledge.Article] | None
    query: str | None


async def offered_articles(work: UnitOfWork, case: CaseView, reader: DeskReader) -> list[knowledge.Article]:
    """Return the articles valid today for a case that can be answered, also those that nobody has confirmed yet."""
    may_answer = any(offer.action is CaseAction.ANSWER for offer in case.next_actions)
    return await knowledge.offered(work, _day(case, reader), unreviewed=True) if may_answer else []


async def case_articles(case: CaseView, offered: list[knowledge.Article], text: str, query: str | None) -> CaseArticles:
    """Return the articles for a case. `text`: of the appeal, empty if it is not known; `query`: None without a search."""
    confirmed, subjects = [article for article in offered if article.reviewed], {case.topic, case.category} - {None}
    own = [article for article in confirmed if {article.topic, article.category} & subjects]
    suggested = await run_on_text(text, _suggest, offered, text, case.kind) if text and offered else []
    return CaseArticles(own, suggested, None if query is None else knowledge.search(confirmed, query), query)


def _suggest(offered: list[knowledge.Article], text: str, kind: str) -> list[knowledge.Article]:
    return knowledge.suggest(offered, text, subject_shares(text, kind))


def ready_texts(case: CaseView, provider: str, articles: CaseArticles, position: ListPosition) -> ReadyTexts:
    """Return the texts for a case. `provider`: its name, empty if unknown."""
    language = knowledge.written_language(case.language)
    return ReadyTexts(
        suggested=[_of_article(article, language) for article in articles.suggested],
        articles=[_of_article(article, language) for article in articles.own],
        sentences=[ReadyText(macro.title, macro.body, macro.language) for macro in macros_of(case, language, provider)],
        query=articles.query or "",
        found=None if articles.found is None else [_of_article(article, language) for article in articles.found[:MOST_FOUND]],
        href=position.href(case.appeal_id, TEXTS),
    )


async def found_articles(work: UnitOfWork, case: CaseView, query: str, reader: DeskReader) -> list[ReadyText]:
    """Return the published articles of every topic that a search finds, best match first, in the language of the case."""
    found = await knowledge.search_offered(work, query, _day(case, reader))
    return [_of_article(article, knowledge.written_language(case.language)) for article in found[:MOST_FOUND]]


async def insert(work: UnitOfWork, case: CaseView, form: SubmittedForm, sent: Mapping[str, str], reader: DeskReader) -> None:
    """Append the text of the button that was pressed to the answer in the form. The source of an article is noted with the answer."""
    chosen, source = sent.get(INSERT, ""), sent.get(INSERT_ARTICLE, "")
    if source:
        language = knowledge.written_language(case.language)
        texts = [_of_article(article, language) for article in await offered_articles(work, case, reader)]
        chosen = next((each.text for each in texts if each.source == source), "")
    if not chosen:
        return
    text = "\n\n".join(filter(None, [form.values.get("text", "").strip(), chosen]))
    form.values = {**form.values, "text": text, "sources": f"{form.values.get('sources', '')} {source}".strip()}


def _day(case: CaseView, reader: DeskReader) -> date:
    return reader.now.astimezone(regions()[case.region].timezone).date()


def _of_article(article: knowledge.Article, language: str) -> ReadyText:
    source = f"{article.id}:{article.version}"
    return ReadyText(article.questions[language], article.answers[language], language, source, article.reviewed)
