"""The pages of the portal. One router a group of pages; `routers` lists them in the order in which paths are matched."""

from provider_contact.portal.pages.colleagues import router as colleagues_router
from provider_contact.portal.pages.inbox import router as inbox_router
from provider_contact.portal.pages.inquiry_routes import router as inquiry_router
from provider_contact.portal.pages.lists import router as lists_router
from provider_contact.portal.pages.visitor import PAGES

routers = (inbox_router, inquiry_router, colleagues_router, lists_router)

__all__ = ["PAGES", "routers"]
