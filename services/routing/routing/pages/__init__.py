"""The desk: pages for those who work on cases."""

from routing.pages.routes import PAGES, router

__all__ = ["PAGES", "router"]
