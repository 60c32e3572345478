"""The cases that belong to a case: those linked, and those suggested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from routing.cases.codes import LinkType
from routing.cases.schemas.views import CaseView, LinkView
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.reader import DeskReader
from routing.desk.schemas import RelatedCase
from shared.web.i18n import N_

RELATED: Final = "related"
"""The parameter with which suggestions are looked for."""
_SUGGESTED: Final[Mapping[LinkType, str]] = {
    LinkType.SAME_APPLICANT: N_("the same applicant"),
    LinkType.SIMILAR: N_("similar text, %(score)s of 100"),
}


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A linked or suggested case. `is_main`: this case repeats it, so the link is taken back here."""

    number: str
    href: str
    text: str
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class LinksCard:
    """What the page shows of other cases. `is_searched`: suggestions were looked for; `is_down`: intake does not answer."""

    links: Sequence[LinkLine]
    suggestions: Sequence[LinkLine]
    is_searched: bool
    is_down: bool
    search_href: str


def links_card(
    case: CaseView,
    of_applicant: Sequence[RelatedCase] | None,
    similar: Sequence[RelatedCase] | None,
    position: ListPosition,
    reader: DeskReader,
    *,
    is_searched: bool,
) -> LinksCard:
    """Return the card. A suggestion of None: intake does not answer. What is linked is no suggestion any more."""
    linked = {link.appeal_id for link in case.links}
    suggested = {each.appeal_id: each for each in (*(similar or ()), *(of_applicant or ())) if each.appeal_id not in linked}
    return LinksCard(
        links=[LinkLine(link.number, position.href(link.appeal_id), _text(link, reader), link.is_main) for link in case.links],
        suggestions=[LinkLine(each.number, position.href(each.appeal_id), _reason(each, reader)) for each in suggested.values()],
        is_searched=is_searched,
        is_down=of_applicant is None or similar is None,
        search_href=position.href(case.appeal_id, **{RELATED: "yes"}) + "#links-title",
    )


def _text(link: LinkView, reader: DeskReader) -> str:
    if link.type is LinkType.FOLLOWS:
        return reader.translate(N_("this appeal continues it"))
    return reader.translate(N_("this case repeats it") if link.is_main else N_("it repeats this case"))


def _reason(suggestion: RelatedCase, reader: DeskReader) -> str:
    text = _SUGGESTED[LinkType(suggestion.type)]
    return reader.translate(text, score=suggestion.score) if suggestion.score is not None else reader.translate(text)
