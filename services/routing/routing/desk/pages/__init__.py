"""The pages of the desk."""

from fastapi import APIRouter

from routing.desk.pages import answer_routes, approvals, bulk_routes, deputies, member_routes, overdue, people_routes, routes, views
from routing.desk.pages.routes import PAGES

__all__ = ["PAGES", "router"]

router = APIRouter()
router.include_router(deputies.router)
router.include_router(approvals.router)
router.include_router(overdue.router)  # first, as the ones around it: their addresses have words where those of the cases have ids
router.include_router(views.router)
router.include_router(bulk_routes.router)
router.include_router(people_routes.router)
router.include_router(member_routes.router)
router.include_router(answer_routes.router)  # before the routes of the case, one of which takes any action
router.include_router(routes.router)
