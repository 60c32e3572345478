"""The citizen's pages: file an appeal, and follow it. They stand over the same use cases as the calls of `intake.api`."""

from typing import Final

from fastapi import APIRouter, Depends

from intake.pages import call, counter, deeds, filing, outgoing, peoples_control, tracking
from intake.pages.kit import PAGES
from shared.web.viewer import show_viewer

__all__ = ["PAGES", "router"]

router: Final = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
router.include_router(filing.router)
router.include_router(call.router)
router.include_router(tracking.router)
router.include_router(deeds.router)
router.include_router(outgoing.router)
router.include_router(counter.router)
router.include_router(peoples_control.router)
