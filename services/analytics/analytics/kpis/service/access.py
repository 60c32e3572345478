"""Access to figures: one rule for the list, the single figure and the page."""

from dataclasses import dataclass

from analytics.kpis.policy import Kpi, kpi_definitions
from shared.auth import Principal
from shared.errors import Forbidden, NotFound, Unauthorized
from shared.visibility import reads_protected


@dataclass(frozen=True, slots=True)
class View:
    """What a visitor may see. `public`: only public figures, with small cells suppressed. `bound_to`: only the figures of this region.

    `is_known`: the visitor sent a token, so that signing in again would not help.
    """

    public: bool
    bound_to: str | None = None
    is_known: bool = True
    sees_appeals: bool = False
    """The visitor handles appeals, and reads the numbers of those that a figure counts."""
    with_protected: bool = True
    """Protected appeals count in the figures: in those of the country's statistics, but not in those that a branch reads."""
    lists_protected: bool = False
    """Protected appeals are among those that are listed and exported one by one."""

    @property
    def kpis(self) -> list[Kpi]:
        """Return the definitions of the figures that the visitor may see."""
        return [kpi for kpi in kpi_definitions().values() if kpi.public or not self.public]

    def kpi(self, kpi_id: str) -> Kpi:
        """Return a figure's definition.

        Raises NotFound for an unknown figure. In the public view a figure that is not public raises Unauthorized, or Forbidden if the
        visitor is known.
        """
        kpi = kpi_definitions().get(kpi_id)
        if kpi is None:
            raise NotFound
        if self.public and not kpi.public:
            raise Forbidden if self.is_known else Unauthorized
        return kpi

    def require_all(self) -> None:
        """Raise Unauthorized, or Forbidden if the visitor is known, in the public view, which has no more than the public figures."""
        if self.public:
            raise Forbidden if self.is_known else Unauthorized

    def require_appeals(self) -> None:
        """Raise Unauthorized or Forbidden for a visitor who may not read the numbers of appeals."""
        self.require_all()
        if not self.sees_appeals:
            raise Forbidden

    def region(self, asked: str | None) -> str | None:
        """Return the region whose figures are shown to a visitor who asked for `asked`; None for all regions."""
        return asked if self.bound_to is None else self.bound_to


PUBLIC = View(public=True, is_known=False)


def view_of(principal: Principal, region: str | None = None) -> View:
    """Return the full or the public view of a principal who asks for `region` (None: everything the principal may see).

    Analysts and admins see all figures, supervisors and heads those of their region; for another region, and for everybody else,
    the public view applies. Analysts read no numbers of appeals. Protected appeals are neither counted for a supervisor or head nor
    listed for an analyst. Raises Forbidden for a supervisor or head without a region.
    """
    if principal.is_anonymous:
        return PUBLIC
    if principal.has("analyst", "admin"):
        is_admin = principal.has("admin")
        return View(public=False, sees_appeals=is_admin, lists_protected=is_admin and not principal.region and reads_protected(principal))
    if principal.has("supervisor", "head"):
        if not principal.region:
            raise Forbidden
        if region in {None, principal.region}:
            return View(public=False, bound_to=principal.region, sees_appeals=True, with_protected=False)
    return View(public=True)


def page_view_of(principal: Principal, region: str | None = None) -> View:
    """Return the view for pages, where a supervisor or head without a region reads the public figures."""
    try:
        return view_of(principal, region)
    except Forbidden:
        return PUBLIC


def sees_live_figures(principal: Principal) -> bool:
    """Return whether a principal may see the live figures: staff, analysts and admins may, everybody else gets the time only."""
    return principal.is_staff or principal.has("analyst", "admin")
