"""Requests for the busiest routes: the same answers as through FastAPI's stack."""

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from shared.errors import Conflict, install_error_handlers
from shared.fast.direct_routes import DirectRoutes

PATH = "/intake/v1/appeals"
REFUSALS = {"domain": Conflict(), "http": HTTPException(409), "unforeseen": ValueError("a text of a person")}


@pytest.fixture
def app():
    async def file(request: Request) -> Response:
        if (refuse := request.query_params.get("refuse")) is not None:
            raise REFUSALS[refuse]
        return Response("filed")

    app = FastAPI()
    app.add_middleware(DirectRoutes, routes=[Route(PATH, file, methods=["POST"])])
    install_error_handlers(app)

    @app.get(f"{PATH}/{{number}}")
    async def track(number: str) -> str:
        return number

    return app


@pytest.fixture
async def client(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client


class TestFront:
    async def test_its_route_answers_although_the_router_does_not_know_it(self, client):
        answer = await client.post(PATH)

        assert (answer.status_code, answer.text) == (200, "filed")

    @pytest.mark.parametrize(("refuse", "status"), [("domain", 409), ("http", 409), ("unforeseen", 500)])
    async def test_an_error_becomes_a_problem_document_without_its_text(self, client, refuse, status):
        answer = await client.post(PATH, params={"refuse": refuse})

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert "person" not in answer.text

    @pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", f"{PATH}/"), ("POST", f"/{PATH}")])
    async def test_another_method_or_path_goes_to_the_router(self, client, method, path):
        assert (await client.request(method, path)).status_code in {404, 405}

    async def test_other_routes_stay_reachable(self, client):
        assert (await client.get(f"{PATH}/7")).json() == "7"

    async def test_under_a_root_path_the_router_decides(self, app):
        mounted = httpx.AsyncClient(transport=httpx.ASGITransport(app, root_path="/aryz"), base_url="http://127.0.0.1")
        async with mounted:
            assert (await mounted.post(PATH)).status_code == 404
