"""The API documentation page. Its assets come from an installed package, so that no other origin is contacted."""

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from shared.web.security import CSP

# The style sheet of the page contains its icons as data: images; the rest of the policy is as strict as elsewhere.
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
    """Allow every reader."""


def mount_docs(app: FastAPI, prefix: str = "", allow: Callable[[Request], Awaitable[None]] = _allow) -> None:
    """Serve `{prefix}/docs` and `{prefix}/openapi.json` of an application without its own documentation pages.

    `allow` raises for readers who may not see them. Raises ValueError if the application has its own.
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
