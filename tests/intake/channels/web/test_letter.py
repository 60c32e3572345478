"""The answer as a letter, downloaded on the page of an appeal and over the API. Routing, which issues it, is a double."""

from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, Response

from shared.contracts import AnswerGiven
from tests.intake.channels.web.test_filing import filed, happen, open_appeal

PDF = b"%PDF-1.7 letter"


class Issuer:
    """A double of routing: it issues a letter, or is down; what it was asked for is recorded."""

    def __init__(self):
        self.asked, self.status = [], 200

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/routing/internal/v1/letters")
        async def letters(asked: dict) -> Response:
            self.asked.append(asked)
            name = {"Content-Disposition": 'inline; filename="letter-1.pdf"'}
            return Response(PDF if self.status == 200 else b"{}", self.status, name, media_type="application/pdf")

        @app.post("/routing/internal/v1/contents")
        async def contents(asked: dict) -> dict:
            content = {"language": "kk", "text": "Жауап.", "findings": []}
            return {"items": [{"id": one, "found": True, "content": content} for one in asked["ids"]]}

        return app


@pytest.fixture
def issuer(desk) -> Issuer:
    issuer = Issuer()
    desk.foundation.local_apps["routing"] = issuer.app()
    return issuer


async def answer(desk, appeal_id) -> UUID:
    answer_id = uuid4()
    event = AnswerGiven(appeal_id=appeal_id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="specialist")
    await happen(desk, event)
    return answer_id


async def download(desk, number, pin):
    return await desk.client.post("/intake/track/letter", data={"number": number, "pin": pin})


async def test_the_applicant_downloads_the_letter_with_number_and_pin(desk, issuer):
    number, pin, appeal_id = await filed(desk)
    answer_id = await answer(desk, appeal_id)
    assert "/intake/track/letter" in (await open_appeal(desk, number, pin)).text
    letter = await download(desk, number, pin)
    assert (letter.status_code, letter.content, letter.headers["content-type"]) == (200, PDF, "application/pdf")
    assert letter.headers["content-disposition"] == 'attachment; filename="letter-1.pdf"'
    (asked,) = issuer.asked
    assert (asked["answer_id"], asked["on_behalf_of"], asked["origin"]) == (str(answer_id), "applicant", "http://aryz.example")
    assert asked["addressee"]
    over_http = await desk.client.get(f"/intake/v1/appeals/{number}/letter", headers={"Appeal-Pin": pin.replace(" ", "")})
    assert (over_http.status_code, over_http.content) == (200, PDF)


async def test_without_an_answer_or_with_a_wrong_pin_there_is_none(desk, issuer):
    number, pin, appeal_id = await filed(desk)
    assert (await desk.client.get(f"/intake/v1/appeals/{number}/letter", headers={"Appeal-Pin": pin.replace(" ", "")})).status_code == 404
    assert "/intake/track/letter" not in (await open_appeal(desk, number, pin)).text
    await answer(desk, appeal_id)
    assert (await desk.client.get(f"/intake/v1/appeals/{number}/letter", headers={"Appeal-Pin": "00000000"})).status_code == 404
    assert (await download(desk, number, "00000000")).status_code == 404
    assert (await desk.client.get(f"/intake/v1/appeals/{number}/letter", headers=desk.token("admin"))).status_code == 404
    assert issuer.asked == []


async def test_while_routing_is_down_the_page_says_when_to_try_again(desk, issuer):
    number, pin, appeal_id = await filed(desk)
    await answer(desk, appeal_id)
    issuer.status = 503
    page = await download(desk, number, pin)
    assert (page.status_code, "Повторите через минуту" in page.text) == (503, True)
    assert (await desk.client.get(f"/intake/v1/appeals/{number}/letter", headers={"Appeal-Pin": pin.replace(" ", "")})).status_code == 503
