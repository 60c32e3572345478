"""What the pages of the articles share: templates, messages, and the names of states and subjects."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from routing.knowledge.codes import ArticleState, Attention
from shared.domain.labels import Language
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_
from shared.web.pages import Flash, Pages

SLICE: Final = Path(__file__).parents[1]
PATH: Final = "/routing/knowledge"
FORM_LIMIT: Final = 100_000  # bytes: two answers of 4 000 Cyrillic letters with each letter escaped, and the rest

PAGES: Final = Pages(
    SLICE / "templates",
    locale_dirs=[SLICE.parent / "locales"],
    assets_prefix="/routing/static",
    flashes={
        "saved": Flash(N_("The draft is saved.")),
        "submit": Flash(N_("The version waits for a colleague to review and publish it.")),
        "return": Flash(N_("The version is a draft again, with your note to its authors.")),
        "publish": Flash(N_("The article is published: forms, bot and desk offer this version now.")),
        "retire": Flash(N_("The article is retired: nobody is offered it any more.")),
        "discard": Flash(N_("The unpublished version is deleted.")),
        "article-changed": Flash(N_("Nothing was done: a colleague has changed the article meanwhile. Look at it and try again."), "warn"),
        "article-action-not-possible": Flash(N_("Nothing was done: the article is in another state by now. Look at it below."), "warn"),
    },
)

STATE_NAMES: Final[Mapping[ArticleState, str]] = {
    ArticleState.DRAFT: N_("draft"),
    ArticleState.IN_REVIEW: N_("in review"),
    ArticleState.PUBLISHED: N_("published"),
    ArticleState.RETIRED: N_("retired"),
}
ATTENTION_NAMES: Final[Mapping[Attention, tuple[str, str]]] = {
    Attention.EXPIRED: (N_("expired: not offered"), "bad"),
    Attention.EXPIRING: (N_("expires soon"), "warn"),
    Attention.UNCONFIRMED: (N_("not confirmed: staff alone see it"), "warn"),
}
"""Text and kind of the badge."""
PART_NAMES: Final[Mapping[str, str]] = {
    "kk.question": N_("Question in Kazakh"),
    "kk.answer": N_("Answer in Kazakh"),
    "kk.synonyms": N_("Other wordings in Kazakh"),
    "ru.question": N_("Question in Russian"),
    "ru.answer": N_("Answer in Russian"),
    "ru.synonyms": N_("Other wordings in Russian"),
    "valid_from": N_("Valid from"),
    "valid_to": N_("Valid until"),
    "source": N_("Source"),
    "reviewer": N_("Compared with the source by"),
    "confirm": N_("To be confirmed by the Fund or a lawyer"),
}


def subject_of(topic: str | None, category: str | None, language: Language) -> str:
    """Return the names of the topic and the category of an article."""
    codes = taxonomy()
    named = codes.topics.get(topic or ""), codes.categories.get(category or "")
    return " · ".join(entry.label.in_(language) for entry in named if entry is not None)
