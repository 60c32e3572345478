"""The pages of the directory's keeper: search, card, imports, and the contacts of the bodies above providers."""

from fastapi import APIRouter, Depends

from provider_contact.directory.pages import bodies, cards, imports, search
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
for each in (search.router, imports.router, bodies.router, cards.router):  # cards last: their path takes any word
    router.include_router(each)
