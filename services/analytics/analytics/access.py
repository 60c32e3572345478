"""Who sees which figures: one rule for list, figure and page."""

from dataclasses import dataclass

from analytics.definitions import Kpi, kpi_definitions
from shared.auth import Principal
from shared.errors import Forbidden, NotFound, Unauthorized


@dataclass(frozen=True, slots=True)
class View:
    """What a visitor sees. Publicly: the public figures, small cells suppressed. `bound_to`: figures of this region alone.

    `is_known`: the visitor came with a token, and another one would not help.
    """

    public: bool
    bound_to: str | None = None
    is_known: bool = True

    @property
    def kpis(self) -> list[Kpi]:
        return [kpi for kpi in kpi_definitions().values() if kpi.public or not self.public]

    def kpi(self, kpi_id: str) -> Kpi:
        """Raises NotFound for an unknown figure; for one that is not public Unauthorized, or Forbidden if the visitor is known."""
        kpi = kpi_definitions().get(kpi_id)
        if kpi is None:
            raise NotFound
        if self.public and not kpi.public:
            raise Forbidden if self.is_known else Unauthorized
        return kpi

    def region(self, asked: str | None) -> str | None:
        """The region whose figures are shown, None for all: of the view of `asked`."""
        return asked if self.bound_to is None else self.bound_to


PUBLIC = View(public=True, is_known=False)


def view_of(principal: Principal, region: str | None = None) -> View:
    """Return the full or the public view of a principal that asks for `region` (None: all that may be seen).

    Analysts and admins see all figures, supervisors and heads those of their region; for another region, and for everybody else, the
    public view holds. Raises Forbidden for a supervisor or head without a region.
    """
    if principal.is_anonymous:
        return PUBLIC
    if principal.has("analyst", "admin"):
        return View(public=False)
    if principal.has("supervisor", "head"):
        if not principal.region:
            raise Forbidden
        if region in {None, principal.region}:
            return View(public=False, bound_to=principal.region)
    return View(public=True)


def page_view_of(principal: Principal, region: str | None = None) -> View:
    """The same for pages, where a supervisor or head without a region reads the public figures."""
    try:
        return view_of(principal, region)
    except Forbidden:
        return PUBLIC


def sees_live_figures(principal: Principal) -> bool:
    """Return whether the figures of this moment are for the visitor: staff, analysts and admins; everybody else gets the time alone."""
    return principal.is_staff or principal.has("analyst", "admin")
