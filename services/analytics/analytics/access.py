"""Who sees which figures: one rule for list, figure and page."""

from dataclasses import dataclass

from analytics.definitions import Kpi, kpi_definitions
from shared.auth import Principal
from shared.errors import Forbidden, NotFound, Unauthorized


@dataclass(frozen=True, slots=True)
class View:
    """What a visitor sees. Publicly: the public figures, small cells suppressed. `bound_to`: figures of this region alone."""

    public: bool
    bound_to: str | None = None

    @property
    def kpis(self) -> list[Kpi]:
        return [kpi for kpi in kpi_definitions().values() if kpi.public or not self.public]

    def kpi(self, kpi_id: str) -> Kpi:
        """Raises NotFound for an unknown figure, Unauthorized for one that is not public."""
        kpi = kpi_definitions().get(kpi_id)
        if kpi is None:
            raise NotFound
        if self.public and not kpi.public:
            raise Unauthorized
        return kpi

    def region(self, asked: str | None) -> str | None:
        """The region whose figures are shown, None for all. Raises Forbidden for another region than the visitor's own."""
        if self.bound_to is None:
            return asked
        if asked not in {None, self.bound_to}:
            raise Forbidden
        return self.bound_to


PUBLIC = View(public=True)


def view_of(principal: Principal) -> View:
    """Analysts and admins see all figures, supervisors and heads those of their region, nobody in particular the public ones.

    Raises Forbidden for any other role, and for a supervisor or head without a region.
    """
    if principal.is_anonymous:
        return PUBLIC
    if principal.has("analyst", "admin"):
        return View(public=False)
    if principal.has("supervisor", "head") and principal.region is not None:
        return View(public=False, bound_to=principal.region)
    raise Forbidden


def page_view_of(principal: Principal) -> View:
    """The same for pages, where whoever has no figures of their own reads the public ones."""
    try:
        return view_of(principal)
    except Forbidden:
        return PUBLIC
