"""What a page is asked for and by whom: the choice of the address, the visitor's view, and what is wrong with them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import Depends, Request

from analytics.dashboard.service import PATH, Choice, period_of
from analytics.kpis.errors import PeriodNotPublic
from analytics.kpis.service import ENTRY_PROBLEMS, FigureRequest, View, page_view_of, periods_offered, require_public
from shared.auth import PagePrincipalDep, Principal
from shared.dependencies import ReadDep
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import InvalidInput
from shared.field_errors import FieldError
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages

PROBLEMS: Final = {
    **ENTRY_PROBLEMS,
    PeriodNotPublic.code: N_("Public figures exist for whole quarters, half-years and years that are over. Choose one of the list."),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a page with its visitor."""

    request: Request
    principal: Principal
    work: UnitOfWork
    view: View
    choice: Choice
    now: datetime

    @property
    def pages(self) -> Pages:
        pages: Pages = self.request.app.state.pages
        return pages

    @property
    def language(self) -> Language:
        return language_of(self.request)

    @property
    def today(self) -> date:
        """Return the day in the region of the figures; without one in the central office."""
        zone = regions()[self.choice.region if self.choice.region in regions() else CENTRAL_OFFICE].timezone
        return self.now.astimezone(zone).date()

    def text(self, message: str, **values: object) -> str:
        """Translate a message."""
        return self.pages.text(self.request, message, **values)

    def figure_request(self) -> FigureRequest:
        """Return the request of the figures. Raises InvalidInput for a wrong parameter, PeriodNotPublic for a period that is not public."""
        if self.view.public and not (self.choice.period or self.choice.first or self.choice.last):
            raise PeriodNotPublic
        if self.view.public and self.choice.period and period_of(self.choice.period) is None:
            raise PeriodNotPublic
        found = self.choice.request(self.today)
        if self.view.public:
            require_public(found.period, found.region, self.now)
        return found

    def error_texts(self, error: InvalidInput | PeriodNotPublic) -> dict[str, str]:
        """Return what is wrong, by the field of the form."""
        if isinstance(error, PeriodNotPublic):
            return {"period": self.text(PROBLEMS[error.code])}
        return {each.field: self._problem(each) for each in error.errors}

    def _problem(self, error: FieldError) -> str:
        return self.text(PROBLEMS.get(error.code, PROBLEMS["bad-format"]))


async def get_asked(request: Request, principal: PagePrincipalDep, work: ReadDep) -> Asked:
    """Return what the address asks for; a first visit asks for this year until today, or for the latest public period."""
    parameters = request.query_params
    view = page_view_of(principal, parameters.get("region") or None)
    choice = Choice.of_parameters(parameters, view.region(parameters.get("region") or None))
    if view.public:
        choice = replace(choice, filters={})
    asked = Asked(request, principal, work, view, choice, work.clock.now())
    if not {"from", "to", "period"} & parameters.keys():
        return replace(asked, choice=_first_choice(asked))
    return replace(asked, choice=_with_public_code(asked)) if view.public else asked


AskedDep = Annotated[Asked, Depends(get_asked)]


def _first_choice(asked: Asked) -> Choice:
    if not asked.view.public:
        return replace(asked.choice, period=str(asked.today.year))
    offered = periods_offered(asked.choice.region if asked.choice.region in regions() else None, asked.now)
    return replace(asked.choice, period=offered[0].code)


def _with_public_code(asked: Asked) -> Choice:
    """Return the choice with the code of the public period that consists of the given days."""
    choice = asked.choice
    if choice.period:
        return choice
    offered = periods_offered(choice.region if choice.region in regions() else None, asked.now)
    days = choice.first, choice.last
    code = next((each.code for each in offered if (str(each.period.first), str(each.period.last)) == days), "")
    return replace(choice, period=code)


__all__ = ["PATH", "PROBLEMS", "Asked", "AskedDep"]
