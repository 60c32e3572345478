"""The API's documentation page, with its assets out of an installed package, so that nothing comes from another origin."""

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from shared.web.security import CSP

# The page's own style sheet carries its icons as data: images; everything else stays as strict as elsewhere.
DOCS_CSP: Final = CSP + "; img-src 'self' data:"
_ASSETS: Final = "fastapi_swagger.resources"
_START: Final = Path(__file__).parent / "docs-start.js"
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="{root}{prefix}/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="{root}{prefix}/docs/assets/swagger-ui.css"></head>
<body><div id="swagger-ui" data-openapi="{root}{openapi}"></div>
<script src="{root}{prefix}/docs/assets/swagger-ui-bundle.js"></script><script src="{root}{prefix}/docs/start.js"></script></body></html>
"""


async def _allow(_request: Request) -> None:
    """Let everybody read."""


def mount_docs(app: FastAPI, prefix: str = "", allow: Callable[[Request], Awaitable[None]] = _allow) -> None:
    """Serve `{prefix}/docs` and `{prefix}/openapi.json` of an application that has neither of its own.

    `allow` raises for those who may not read them. Raises ValueError if the application was made with its own.
    """
    if app.openapi_url is not None or app.docs_url is not None:
        raise ValueError("the application needs openapi_url=None and docs_url=None")
    openapi = f"{prefix}/openapi.json"

    async def description(request: Request) -> JSONResponse:
        await allow(request)
        return JSONResponse(app.openapi())

    async def docs(request: Request) -> HTMLResponse:
        await allow(request)
        page = _PAGE.format(title=app.title, root=request.scope.get("root_path", ""), prefix=prefix, openapi=openapi)
        return HTMLResponse(page, headers={"content-security-policy": DOCS_CSP})

    async def start(_request: Request) -> Response:
        return Response(_START.read_bytes(), media_type="text/javascript")

    app.add_route(openapi, description, include_in_schema=False)
    app.add_route(f"{prefix}/docs", docs, include_in_schema=False)
    app.add_route(f"{prefix}/docs/start.js", start, include_in_schema=False)
    with resources.as_file(resources.files(_ASSETS)) as folder:
        app.mount(f"{prefix}/docs/assets", StaticFiles(directory=folder), name="docs-assets")
