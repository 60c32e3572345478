"""The pages of the dashboard: the figures, the files of a chart, and the appeals that a figure counts."""

from fastapi import APIRouter, Depends

from analytics.dashboard.pages import appeals, dashboard, downloads
from analytics.dashboard.pages.dashboard import check_figures
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
for each in (dashboard, downloads, appeals):
    router.include_router(each.router)

__all__ = ["check_figures", "router"]
