"""The busiest routes of a service, called without the layers of FastAPI between the middleware and a route."""

from collections.abc import Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import DomainError, error_response

REFUSALS: Final = (DomainError, HTTPException)


class DirectRoutes:
    """Innermost ASGI middleware. Calls a route of `routes` whose method and path are those of the request.

    Such a route reads its request itself: it has no parameters in its path and opens nothing that FastAPI would close. It raises no
    error after its response has begun. The exit stack, the search for the route and the handlers of exceptions take some 5 % of the
    time of a registration.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        own = [route for route in routes if isinstance(route, Route)]
        self._routes = {(method, route.path): route for route in own for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_whole_path = scope["type"] == "http" and not scope.get("root_path")
        route = self._routes.get((scope["method"], scope["path"])) if is_whole_path else None
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = route
        try:
            await route.app(scope, receive, send)
        except REFUSALS as error:
            answer = await error_response(Request(scope, receive), error)
            await answer(scope, receive, send)
