"""The pages of the articles: for everybody who reads them, and for those who keep them."""

from fastapi import APIRouter

from routing.knowledge.pages import keeping, reading

router = APIRouter()
router.include_router(reading.router)
router.include_router(keeping.router)

__all__ = ["router"]
