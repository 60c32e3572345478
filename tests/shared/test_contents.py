from uuid import uuid4

import httpx
import pytest

from shared.auth.issuer import ISSUER
from shared.auth.principal import Principal
from shared.contents import MAX_IDS, Contents, ContentsRequest, OwnerUnavailable, Purpose, entitled
from shared.errors import Forbidden, InvalidInput


async def token() -> str:
    return "a-token"


def reader(answer) -> Contents:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://owner")
    return Contents(lambda _service: client, token)


class TestRead:
    async def test_what_the_owner_has_comes_by_id_and_what_it_has_not_is_none(self):
        known, unknown = uuid4(), uuid4()

        def answer(request: httpx.Request) -> httpx.Response:
            assert request.url.path == "/intake/internal/v1/contents"
            assert request.headers["authorization"] == "Bearer a-token"
            asked = ContentsRequest.model_validate_json(request.content)
            assert (asked.purpose, asked.on_behalf_of) == ("desk", "clerk-1")
            items = [{"id": str(known), "found": True, "content": {"text": "…"}}, {"id": str(unknown), "found": False}]
            return httpx.Response(200, json={"items": items})

        found = await reader(answer).read("intake", [known, unknown], purpose="desk", on_behalf_of="clerk-1")
        assert found == {known: {"text": "…"}, unknown: None}

    async def test_many_ids_are_asked_for_in_several_calls(self):
        calls = []

        def answer(request: httpx.Request) -> httpx.Response:
            ids = ContentsRequest.model_validate_json(request.content).ids
            calls.append(len(ids))
            return httpx.Response(200, json={"items": [{"id": str(one), "found": False} for one in ids]})

        found = await reader(answer).read("intake", [uuid4() for _ in range(MAX_IDS + 1)], purpose="classification")
        assert calls == [MAX_IDS, 1]
        assert len(found) == MAX_IDS + 1

    @pytest.mark.parametrize("status", [401, 403, 500, 503])
    async def test_an_owner_that_refuses_or_fails_is_unavailable(self, status):
        with pytest.raises(OwnerUnavailable, match=str(status)):
            await reader(lambda _request: httpx.Response(status)).read("intake", [uuid4()], purpose="desk")

    async def test_an_owner_that_does_not_answer_is_unavailable(self):
        def answer(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        with pytest.raises(OwnerUnavailable):
            await reader(answer).read("intake", [uuid4()], purpose="desk")


PURPOSES = {
    "desk": Purpose(frozenset({"routing"}), for_a_person=True),
    "classification": Purpose(frozenset({"routing"}), for_a_person=False),
}
OIDC = "https://id.example"


def asks(subject: str, issuer: str, purpose: str = "classification", on_behalf_of: str | None = None) -> Purpose:
    asked = ContentsRequest(ids=[], purpose=purpose, on_behalf_of=on_behalf_of)
    return entitled(asked, Principal(subject, issuer, frozenset({"service"})), PURPOSES)


class TestEntitled:
    @pytest.mark.parametrize(("subject", "issuer"), [("routing", ISSUER), ("routing", OIDC), ("service", ISSUER)])
    def test_the_services_named_may_read_and_on_one_machine_the_token_of_any_service(self, subject, issuer):
        assert asks(subject, issuer) is PURPOSES["classification"]

    @pytest.mark.parametrize(
        ("subject", "issuer"), [("analytics", ISSUER), ("service", OIDC), ("service", ""), ("service-KZ-43", ISSUER), ("", ISSUER)]
    )
    def test_nobody_else_may(self, subject, issuer):
        with pytest.raises(Forbidden):
            asks(subject, issuer)

    @pytest.mark.parametrize("subject", ["routing", "service"])
    def test_each_says_for_whom_where_that_is_asked(self, subject):
        assert asks(subject, ISSUER, "desk", "clerk-1") is PURPOSES["desk"]
        with pytest.raises(InvalidInput):
            asks(subject, ISSUER, "desk")

    def test_an_unknown_purpose_is_nobodys(self):
        with pytest.raises(InvalidInput):
            asks("service", ISSUER, "curiosity")
