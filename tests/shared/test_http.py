import json
import time
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Header, Query, Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, Field, ValidationError

from shared.client_address import client_address
from shared.domain.text import clean, shows_something
from shared.errors import DomainError, InvalidInput, MalformedJson, MalformedText, install_error_handlers
from shared.http import (
    DEFAULT_LIMIT,
    Cursor,
    CursorText,
    KnownQuery,
    Limit,
    ListResponse,
    QueryModel,
    ShortText,
    StrictModel,
    Text,
    Text20k,
    body,
    parse,
)
from shared.openapi import document

CANARY = "КАНАРЕЙКА"
ID = UUID(int=7)


class Language(StrEnum):
    KK = "kk"
    RU = "ru"


class Applicant(StrictModel):
    full_name: ShortText | None = None
    weight: float | None = None


class AppealIn(StrictModel):
    language: Language
    text: Text20k
    applicant: Applicant
    topics: list[ShortText] = Field(default=[], max_length=3)
    provider_id: UUID | None = None
    received_at: AwareDatetime | None = None


class Finding(StrictModel):
    code: Annotated[str, Text(10)]


class Shared(StrictModel):
    findings: list[Finding] = Field(default=[])
    note: str = "-"


class Question(QueryModel):
    first: str | None = Field(None, alias="from")


VALID: dict[str, Any] = {"language": "kk", "text": "Сәлем", "applicant": {}}


def app() -> FastAPI:
    made = FastAPI()
    router = APIRouter(prefix="/v1")

    @router.post("/appeals", status_code=201)
    async def register(appeal: Annotated[AppealIn, body(AppealIn)]) -> dict[str, str]:
        return {"text": appeal.text}

    @router.put("/shared/{item}")
    async def replace_item(item: int, given: Annotated[Shared, body(Shared, limit=100)]) -> Shared:
        return given.model_copy(update={"note": str(item)})

    @router.get("/appeals")
    async def appeals(_query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None) -> ListResponse[int]:
        start = Cursor.decode(cursor, int)[0] if cursor else 0
        return ListResponse(items=list(range(start, start + limit)), total=1000, next_cursor=Cursor.encode(start + limit))

    @router.get("/appeals/{number}")
    async def appeal(
        number: str, asked: Annotated[Question, Query()], _query: KnownQuery, pin: Annotated[str, Header(alias="Appeal-Pin")] = ""
    ) -> dict[str, str | None]:
        return {"number": number, "from": asked.first, "pin": pin}

    made.include_router(router, prefix="/intake")
    install_error_handlers(made)
    document(made)
    return made


@pytest.fixture
async def client():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://test") as made:
        yield made


async def post(client: httpx.AsyncClient, content: bytes | str, content_type: str = "application/json") -> httpx.Response:
    return await client.post("/intake/v1/appeals", content=content, headers={"Content-Type": content_type})


def refusal(raw: bytes) -> DomainError:
    with pytest.raises(DomainError) as caught:
        parse(AppealIn, raw)
    return caught.value


def with_text(literal: str) -> bytes:
    """The valid body with `literal` standing raw between the quotes of its text."""
    return json.dumps(VALID | {"text": "@@"}).replace("@@", literal).encode("utf-8", "surrogatepass")


class TestBody:
    async def test_a_valid_body_is_read(self, client):
        response = await post(client, json.dumps(VALID | {"text": "  Сәлем  "}))

        assert (response.status_code, response.json()) == (201, {"text": "Сәлем"})

    async def test_types_of_json_are_not_bent(self):
        assert parse(AppealIn, json.dumps(VALID | {"received_at": "2026-02-02T09:15:00Z"}).encode()).received_at is not None
        for field, value in {"received_at": 0, "text": 5, "provider_id": 7, "topics": "a"}.items():
            error = refusal(json.dumps(VALID | {field: value}).encode())
            assert error.status == 422
            assert [each.field for each in error.errors] == [field]

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"language": CANARY}, "language", "unknown-code"),
            ({"text": "   "}, "text", "too-short"),
            ({"text": "\u200b\u200d"}, "text", "too-short"),
            ({"text": "я" * 20_001}, "text", "too-long"),
            ({"applicant": {"full_name": "я" * 201}}, "applicant.full_name", "too-long"),
            ({"applicant": {"iinn": CANARY}}, "applicant.iinn", "unknown-field"),
            ({CANARY: 1}, "", "unknown-field"),
            ({"topics": ["a", 5]}, "topics.1", "wrong-type"),
            ({"topics": ["a"] * 4}, "topics", "too-many"),
            ({"provider_id": CANARY}, "provider_id", "bad-format"),
            ({"received_at": "2026-02-02T09:15:00"}, "received_at", "timezone-required"),
        ],
    )
    async def test_a_bad_field_is_named_and_never_echoed(self, client, change, field, code):
        response = await post(client, json.dumps(VALID | change))

        assert response.status_code == 422
        assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [(field, code)]
        assert CANARY not in response.text

    async def test_a_missing_field_is_required(self):
        error = refusal(b'{"language": "kk"}')

        assert {(each.field, each.code) for each in error.errors} == {("text", "required"), ("applicant", "required")}

    @pytest.mark.parametrize("raw", [b"", b"{", b"[" * 10_000, b'{"a": tru}', b"\xef\xbb\xbf{}", b"{'a': 1}", b'{"text": "\x00"}'])
    async def test_what_is_no_json_is_400(self, client, raw):
        response = await post(client, raw)

        assert (response.status_code, response.json()["code"]) == (400, "malformed-json")

    @pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
    def test_constants_that_are_not_json_are_refused_wherever_they_stand(self, constant):
        raw = json.dumps(VALID | {"applicant": {"weight": "@@"}}).replace('"@@"', constant).encode()

        assert isinstance(refusal(raw), MalformedJson)
        assert isinstance(refusal(b'{"unknown": [' + constant.encode() + b"]}"), MalformedJson)
        assert parse(AppealIn, with_text(f"say {constant}")).text == f"say {constant}"

    def test_a_number_too_large_for_a_float_is_out_of_range(self):
        raw = json.dumps(VALID | {"applicant": {"weight": "@@"}}).replace('"@@"', "1e999").encode()

        assert [(each.field, each.code) for each in refusal(raw).errors] == [("applicant.weight", "out-of-range")]

    @pytest.mark.parametrize("literal", ["\\u0000", "a\\ud800b", "\\udc00", "\\udc00\\ud800"])
    def test_nul_and_lone_surrogates_are_malformed_text_in_a_named_field(self, literal):
        error = refusal(with_text(literal))

        assert isinstance(error, MalformedText)
        assert [(each.field, each.code) for each in error.errors] == [("text", "malformed-text")]

    def test_an_escaped_backslash_before_u0000_is_plain_text(self):
        assert parse(AppealIn, with_text("\\\\u0000")).text == "\\u0000"

    def test_a_pair_of_surrogates_is_one_character(self):
        assert parse(AppealIn, with_text("\\ud83d\\ude00")).text == "\U0001f600"

    @pytest.mark.parametrize("raw", [b'{"text": "\xff"}', b'{"text": "\xed\xa0\x80"}', b'{"text": "\xc3'])
    def test_broken_utf8_is_malformed_text(self, raw):
        assert isinstance(refusal(raw), MalformedText)

    async def test_a_long_body_is_refused_without_being_read(self, client):
        read = 0

        async def stream():
            nonlocal read
            for _ in range(160):
                read += 65_536
                yield b"x" * 65_536

        response = await client.post("/intake/v1/appeals", content=stream(), headers={"Content-Type": "application/json"})
        announced = await post(client, b"x" * 10_000_000)

        assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")
        assert announced.status_code == 413
        assert read <= 262_144 + 65_536 * 2

    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
    async def test_another_content_type_is_415(self, client, content_type):
        assert (await post(client, json.dumps(VALID), content_type)).status_code == 415

    async def test_json_with_parameters_or_a_suffix_is_json(self, client):
        for content_type in ("application/json; charset=utf-8", "Application/JSON", "application/vnd.aryz+json"):
            assert (await post(client, json.dumps(VALID), content_type)).status_code == 201

    @given(st.binary(max_size=200))
    def test_any_bytes_end_in_an_answer(self, raw):
        assert refusal(raw).status in {400, 422}

    @given(st.text(st.one_of(st.characters(), st.characters(categories=["Cs", "Cc", "Zs"])), max_size=50))
    def test_any_text_is_kept_or_refused_by_name(self, text):
        raw = json.dumps(VALID | {"text": text}).encode()
        sent = json.loads(raw)["text"]  # two halves side by side have become one character
        broken = "\0" in sent or any("\ud800" <= each <= "\udfff" for each in sent)

        if broken:
            assert [(each.field, each.code) for each in refusal(raw).errors] == [("text", "malformed-text")]
        elif not shows_something(clean(sent)):
            assert [(each.field, each.code) for each in refusal(raw).errors] == [("text", "too-short")]
        else:
            assert parse(AppealIn, raw).text == clean(sent)

    @pytest.mark.parametrize(
        "blank", [" ", "\u00a0", "\u200b", "\u00ad", "\u2060", "\x07", "\u2800", "\u3164", "\uffa0", "\u0301", "\u2800\u0301"]
    )
    def test_a_text_that_shows_nothing_is_too_short(self, blank):
        raw = json.dumps(VALID | {"text": blank * 3}).encode()

        assert [(each.field, each.code) for each in refusal(raw).errors] == [("text", "too-short")]

    def test_a_large_valid_body_takes_a_few_milliseconds(self):
        raw = json.dumps(VALID | {"text": "ң" * 20_000}).encode()
        began = time.thread_time()

        parse(AppealIn, raw)

        assert time.thread_time() - began < 0.05


class TestLists:
    async def test_a_list_goes_on_from_its_cursor(self, client):
        first = (await client.get("/intake/v1/appeals", params={"limit": 2})).json()
        second = (await client.get("/intake/v1/appeals", params={"limit": 2, "cursor": first["next_cursor"]})).json()

        assert (first["items"], second["items"], first["total"]) == ([0, 1], [2, 3], 1000)

    @pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5"])
    async def test_a_limit_outside_1_to_200_is_422(self, client, limit):
        response = await client.get("/intake/v1/appeals", params={"limit": limit})

        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == "limit"

    @pytest.mark.parametrize("cursor", ["x", "!!!", "AAAA", "ә", Cursor.encode("1"), Cursor.encode(1, 2), Cursor.encode(2**63), "W" * 5000])
    async def test_a_foreign_cursor_is_422(self, client, cursor):
        response = await client.get("/intake/v1/appeals", params={"cursor": cursor})

        assert response.status_code == 422
        assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [("cursor", "bad-cursor")]


class TestKnownQuery:
    @pytest.mark.parametrize(
        ("path", "known"), [("appeals", {"limit": 2}), ("appeals", {}), ("appeals/1", {"from": "x"}), ("appeals/1", {})]
    )
    async def test_the_parameters_of_the_route_are_taken(self, client, path, known):
        assert (await client.get(f"/intake/v1/{path}", params=known)).status_code == 200

    @pytest.mark.parametrize(
        ("path", "unknown", "field"),
        [
            ("appeals", "limti", "limti"),
            ("appeals", "number", "number"),
            ("appeals/1", "number", "number"),
            ("appeals/1", "asked", "asked"),
            ("appeals/1", "Appeal-Pin", ""),
            ("appeals/1", CANARY, ""),
        ],
    )
    async def test_any_other_is_refused_and_named_only_if_it_could_be_a_name(self, client, path, unknown, field):
        response = await client.get(f"/intake/v1/{path}", params={unknown: CANARY})

        assert response.status_code == 422
        assert response.json()["errors"] == [{"field": field, "code": "unknown-field", "detail": "This field is not known."}]
        assert CANARY not in response.text

    async def test_all_that_are_unknown_are_named(self, client):
        response = await client.get("/intake/v1/appeals", params={"b": "", "a": "", "limit": 1})

        assert [each["field"] for each in response.json()["errors"]] == ["a", "b"]


class TestText:
    def test_a_query_with_a_lone_surrogate_is_malformed(self):
        with pytest.raises(ValidationError) as caught:
            Finding(code="a\ud800")

        assert isinstance(InvalidInput.of(caught.value), MalformedText)

    def test_a_nul_is_malformed(self):
        with pytest.raises(ValidationError) as caught:
            Finding(code="a\0")

        assert isinstance(InvalidInput.of(caught.value), MalformedText)


def request(client: str | None, forwarded: list[str]) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return Request({"type": "http", "client": (client, 1) if client else None, "headers": headers})


class TestClientAddress:
    PROXIES = (ip_network("10.0.0.0/8"),)

    def test_a_header_is_not_believed_without_a_trusted_proxy(self):
        assert client_address(request("192.0.2.1", ["198.51.100.7"])) == "192.0.2.1"
        assert client_address(request("192.0.2.1", ["198.51.100.7"]), self.PROXIES) == "192.0.2.1"

    def test_behind_a_proxy_the_last_foreign_hop_counts(self):
        assert client_address(request("10.0.0.1", ["203.0.113.5, 198.51.100.7", "10.0.0.2"]), self.PROXIES) == "198.51.100.7"

    def test_nonsense_in_the_header_leaves_the_proxy(self):
        assert client_address(request("10.0.0.1", ["evil"]), self.PROXIES) == "10.0.0.1"
        assert client_address(request("10.0.0.1", []), self.PROXIES) == "10.0.0.1"

    def test_a_socket_without_addresses_is_unknown(self):
        assert client_address(request(None, [])) == "unknown"
