"""Who reads the index of which region."""

from analytics.kpis.service import view_of
from shared.auth import Principal
from shared.errors import Forbidden


def region_for(principal: Principal, asked: str | None) -> str | None:
    """Return the region whose index this reader gets; None for all regions. Raises Forbidden for a region that is not the reader's own."""
    view = view_of(principal, asked)
    if view.public:
        raise Forbidden
    return view.region(asked)
