import json
from typing import Annotated

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException

from shared.database_errors import CommitUnknown
from shared.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    NotFound,
    TooMany,
    Unauthorized,
    install_error_handlers,
    responses,
)

CANARY = "КАНАРЕЙКА991231501014"


LOST, CRASH = CommitUnknown("COMMIT", None, ConnectionResetError(CANARY)), KeyError(CANARY)
AWAY = [
    ConnectionRefusedError(CANARY),
    OperationalError(CANARY, None, OSError()),
    PoolExhausted(CANARY),
    asyncpg.CannotConnectNowError(CANARY),
    asyncpg.TooManyConnectionsError(CANARY),
]
RAISED = [LOST, CRASH, *AWAY]


class CaseClosed(DomainError):
    code, status, title = "case-closed", 409, "The case is closed."


class Stored(BaseModel):
    count: int


def app() -> FastAPI:
    made = FastAPI(openapi_url=None, docs_url=None)
    install_error_handlers(made)

    @made.get("/v1/closed")
    async def closed() -> None:
        raise CaseClosed("It was closed yesterday.", extra={"current_version": 4, "status": 200})

    @made.get("/v1/many")
    async def many() -> None:
        raise TooMany(30)

    @made.get("/v1/stored")
    async def stored() -> None:
        Stored.model_validate({"count": CANARY})

    @made.delete("/v1/stored")
    async def delete() -> None:
        return None

    @made.get("/v1/raised/{which}")
    async def raised(which: int) -> None:
        raise RAISED[which]

    @made.get("/v1/teapot")
    async def teapot() -> None:
        raise HTTPException(418, detail=CANARY)

    @made.get("/v1/numbers/{number}")
    async def numbers(number: int, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> int:
        return number + limit

    @made.post("/v1/numbers")
    async def post_numbers() -> None:
        raise Unauthorized

    @made.get("/track")
    async def track() -> None:
        raise NotFound

    return made


@pytest.fixture
async def client():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://test") as made:
        yield made


class TestInstallErrorHandlers:
    async def test_a_domain_error_is_a_problem_document_with_its_own_members(self, client):
        response = await client.get("/v1/closed")

        assert response.status_code == 409
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "urn:aryz:problem:case-closed",
            "title": "The case is closed.",
            "status": 409,
            "code": "case-closed",
            "detail": "It was closed yesterday.",
            "errors": [],
            "current_version": 4,
        }

    async def test_headers_of_an_error_reach_the_client(self, client):
        assert (await client.get("/v1/many")).headers["retry-after"] == "30"
        assert (await client.post("/v1/numbers")).headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("path", [f"/v1/raised/{RAISED.index(CRASH)}", "/v1/stored"])
    async def test_an_unforeseen_error_says_nothing_of_its_cause(self, client, path, capsys):
        response = await client.get(path)

        assert response.status_code == 500
        assert response.json()["code"] == "internal-error"
        out, err = capsys.readouterr()
        assert CANARY not in response.text + out + err
        assert "test_errors.py" in out + err

    async def test_a_commit_whose_answer_was_lost_is_named_and_may_be_asked_about_soon(self, client):
        response = await client.get(f"/v1/raised/{RAISED.index(LOST)}")
        assert (response.status_code, response.json()["code"]) == (503, "outcome-unknown")
        assert int(response.headers["retry-after"]) > 0
        assert CANARY not in response.text

    @pytest.mark.parametrize("error", AWAY)
    async def test_a_database_that_is_away_is_no_fault_of_the_request(self, client, error):
        response = await client.get(f"/v1/raised/{RAISED.index(error)}")
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert CANARY not in response.text

    async def test_unknown_paths_and_methods_are_problems_too(self, client):
        missing, wrong = await client.get("/v1/nothing"), await client.put("/v1/numbers")

        assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
        assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
        assert wrong.headers["allow"] == "POST"

    async def test_an_unknown_method_is_answered_with_the_allowed_ones(self, client):
        for method in ("PUT", "OPTIONS"):
            assert (await client.request(method, "/v1/stored")).headers["Allow"] == "GET, DELETE"

    async def test_a_bare_http_exception_does_not_carry_its_detail(self, client):
        response = await client.get("/v1/teapot")

        assert response.status_code == 418
        assert CANARY not in response.text

    async def test_parameters_are_named_without_what_was_sent(self, client):
        response = await client.get(f"/v1/numbers/{CANARY}", params={"limit": 0})

        assert response.status_code == 422
        assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [
            ("number", "bad-format"),
            ("limit", "out-of-range"),
        ]
        assert CANARY not in response.text

    @pytest.mark.parametrize("target", ["/v1/numbers/1?limit=%00", "/v1/numbers/%00"])
    async def test_a_nul_in_an_address_is_malformed(self, client, target):
        response = await client.get(target)

        assert (response.status_code, response.json()["code"]) == (400, "malformed-text")

    async def test_a_browser_gets_a_page_and_an_api_path_never_does(self, client):
        browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

        page, api = await client.get("/track", headers=browser), await client.get("/v1/nothing", headers=browser)

        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert api.headers["content-type"] == "application/problem+json"

    async def test_a_response_that_broke_off_is_not_ended_as_if_complete(self):
        made = FastAPI()
        install_error_handlers(made)

        async def broken(_scope, _receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise ValueError(CANARY)

        made.mount("/broken", broken)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://test") as client:
            with pytest.raises(ConnectionAbortedError, match="broke off"):
                await client.get("/broken/")


class TestInvalidInput:
    def test_a_validators_own_sentence_with_values_in_it_is_not_passed_on(self):
        with pytest.raises(ValidationError) as caught:
            Stored.model_validate_json(json.dumps({"count": CANARY}), strict=True)

        error = InvalidInput.of(caught.value)

        assert [(each.field, each.code) for each in error.errors] == [("count", "wrong-type")]
        assert CANARY not in str(error.errors)


class TestResponses:
    def test_errors_of_one_status_share_an_entry(self):
        made = responses(CaseClosed, Conflict, NotFound)

        assert set(made) == {404, 409}
        assert made[409]["description"] == "`case-closed`: The case is closed.; `conflict`: The state has changed meanwhile."
        assert list(made[409]["content"]) == ["application/problem+json"]
