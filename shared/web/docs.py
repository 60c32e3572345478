"""The API's documentation page, with its assets out of an installed package, so that nothing comes from another origin."""

from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
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


def mount_docs(app: FastAPI, prefix: str = "") -> None:
    """Serve `{prefix}/docs` of an application made with `docs_url=None`. Raises ValueError if it has none of its own to document."""
    openapi = app.openapi_url
    if openapi is None or app.docs_url is not None:
        message = "the application needs openapi_url and docs_url=None"
        raise ValueError(message)

    async def docs(request: Request) -> HTMLResponse:
        page = _PAGE.format(title=app.title, root=request.scope.get("root_path", ""), prefix=prefix, openapi=openapi)
        return HTMLResponse(page, headers={"content-security-policy": DOCS_CSP})

    async def start(_request: Request) -> Response:
        return Response(_START.read_bytes(), media_type="text/javascript")

    app.add_route(f"{prefix}/docs", docs, include_in_schema=False)
    app.add_route(f"{prefix}/docs/start.js", start, include_in_schema=False)
    with resources.as_file(resources.files(_ASSETS)) as folder:
        app.mount(f"{prefix}/docs/assets", StaticFiles(directory=folder), name="docs-assets")
