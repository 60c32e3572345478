"""Texts that a clerk inserts into an answer: articles on the subject, articles found by a search, and sentences filled for the case."""

from typing import Final

from routing.cases.schemas.views import CaseView
from routing.desk.pages.case_forms import ReadyText, ReadyTexts
from routing.desk.pages.forms import SubmittedForm
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.reader import DeskReader
from routing.desk.service.macros import macros_of
from routing.knowledge import service as knowledge
from shared.domain.regions import regions

TEXTS: Final = "texts"
"""The last step of the URL to which the form of an answer is posted to search articles and to insert a text."""
QUERY: Final = "article_query"
QUERY_LENGTH: Final = 200
INSERT: Final = "insert"
MOST_FOUND: Final = 8  # articles: as many as a clerk looks through


def ready_texts(case: CaseView, provider: str, query: str | None, position: ListPosition, reader: DeskReader) -> ReadyTexts:
    """Return the texts for a case. `provider`: its name, empty if unknown; `query`: what was searched for, None without a search."""
    language, today = knowledge.written_language(case.language), reader.now.astimezone(regions()[case.region].timezone).date()
    subject = {case.topic, case.category} - {None}
    own = [each for each in knowledge.articles() if each.reviewed and each.is_valid_on(today) and subject & {each.topic, each.category}]
    return ReadyTexts(
        articles=[_of_article(article, language) for article in own],
        sentences=[ReadyText(macro.title, macro.body, macro.language) for macro in macros_of(case, language, provider)],
        query=query or "",
        found=found_articles(case, query, reader) if query is not None else None,
        href=position.href(case.appeal_id, TEXTS),
    )


def found_articles(case: CaseView, query: str, reader: DeskReader) -> list[ReadyText]:
    """Return the reviewed articles of every topic that a search finds, best match first, in the language of the case."""
    language, today = knowledge.written_language(case.language), reader.now.astimezone(regions()[case.region].timezone).date()
    return [_of_article(article, language) for article in knowledge.search(query, today)[:MOST_FOUND]]


def insert(form: SubmittedForm, chosen: str) -> None:
    """Append the text of the button that was pressed to the answer in the form."""
    form.values = {**form.values, "text": "\n\n".join(filter(None, [form.values.get("text", "").strip(), chosen]))}


def _of_article(article: knowledge.Article, language: str) -> ReadyText:
    return ReadyText(article.questions[language], article.answers[language], language)
