"""The pages of the desk."""

from fastapi import APIRouter

from routing.desk.pages import routes, views
from routing.desk.pages.routes import PAGES

router = APIRouter()
router.include_router(views.router)  # first: its addresses have words where those of the cases have ids
router.include_router(routes.router)

__all__ = ["PAGES", "router"]
