"""The pages of the desk."""

from routing.desk.pages.routes import PAGES, router

__all__ = ["PAGES", "router"]
