from uuid import uuid4

import httpx
import pytest

from shared.contents import MAX_IDS, Contents, ContentsRequest, OwnerUnavailable


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
