"""Texts that a clerk inserts into an answer: articles on the subject, articles found by a search, and sentences filled for the case."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from routing.cases.schemas.views import CaseView
from routing.desk.pages.case_forms import ReadyText, ReadyTexts
from routing.desk.pages.forms import SubmittedForm
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.reader import DeskReader
from routing.desk.service.macros import macros_of
from routing.knowledge import service as knowledge
from shared.domain.regions import regions
from shared.unit_of_work import UnitOfWork

TEXTS: Final = "texts"
"""The last step of the URL to which the form of an answer is posted to search articles and to insert a text."""
QUERY: Final = "article_query"
QUERY_LENGTH: Final = 200
INSERT: Final = "insert"
MOST_FOUND: Final = 8  # articles: as many as a clerk looks through


@dataclass(frozen=True, slots=True)
class CaseArticles:
    """The articles on the subject of a case, and those that a search found; None without a search. `query`: what was searched for."""

    own: list[knowledge.Article]
    found: list[knowledge.Article] | None
    query: str | None


async def case_articles(work: UnitOfWork, case: CaseView, query: str | None, reader: DeskReader) -> CaseArticles:
    """Return the articles for a case. `query`: None without a search."""
    day, subjects = _day(case, reader), {code for code in (case.topic, case.category) if code is not None}
    own = await knowledge.offered(work, day, subjects=subjects) if subjects else []
    found = None if query is None else await knowledge.search_offered(work, query, day)
    return CaseArticles(own, found, query)


def ready_texts(case: CaseView, provider: str, articles: CaseArticles, position: ListPosition) -> ReadyTexts:
    """Return the texts for a case. `provider`: its name, empty if unknown."""
    language = knowledge.written_language(case.language)
    return ReadyTexts(
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


def insert(form: SubmittedForm, chosen: str) -> None:
    """Append the text of the button that was pressed to the answer in the form."""
    form.values = {**form.values, "text": "\n\n".join(filter(None, [form.values.get("text", "").strip(), chosen]))}


def _day(case: CaseView, reader: DeskReader) -> date:
    return reader.now.astimezone(regions()[case.region].timezone).date()


def _of_article(article: knowledge.Article, language: str) -> ReadyText:
    return ReadyText(article.questions[language], article.answers[language], language)
