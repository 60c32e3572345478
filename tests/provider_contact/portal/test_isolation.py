"""A provider reaches nothing of another one: every call and page that it may make, with every id of the other, and one-time links.

The calls are those of the OpenAPI document and of the routes of pages that `roles.csv` allows a provider. Bodies are the document's own
examples, so that a call is refused for whose inquiry it names and not for its form.
"""

import json
import re
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from provider_contact.accounts.models import AccountEntry, InquiryAssignment, ProviderAccount
from provider_contact.attachments.models import AnswerFile
from provider_contact.commitments.models import Commitment
from provider_contact.deliveries.models import Delivery, NoticeRoute, ProviderWebhook, ReplyLink
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.inquiries.models import Inquiry, InquiryEntry, ProviderResponse
from provider_contact.portal.codes import InboxTab
from provider_contact.portal.models import OwnTemplate, RegisteredStatement, ResponseDraft
from provider_contact.proposals.models import Proposal
from tests.provider_contact.conftest import ANSWER, OTHER, PROVIDER, registered, sent_inquiry
from tests.provider_contact.deliveries.conftest import Exchange, link_in, running_system, system
from tests.provider_contact.outcomes import promise_again, propose_again
from tests.provider_contact.portal.test_colleagues import ids
from tests.security.roles import expected

__all__ = ["running_system", "system"]
SECRET, TEMPLATE, DRAFT = "Құпия сөз: бірінші ұйымның жауабы", "Құпия үлгі", "Құпия жоба жауап"
PROPOSAL, PROMISE = "Құпия ұсыныс: пациент жазылды", "Құпия уәде: дәрі беріледі"
FILE, FILE_NAME = b"Register of the first organisation", "secret-journal.txt"
MAILBOXES = {"PATIENT_SUPPORT": "qoldau@birinshi.example", "HEAD_PHYSICIAN": "bas@birinshi.example"}
PREFIX = "/provider-contact"
NUMBERS = ("2026-43-0000001-0", "2026-43-0000002-0", "2026-43-0000003-0")
OPEN_TO_ALL = re.compile(
    r"/v1/(providers|doctors|replies|ratings|suggestions)|/parked|/health|/metrics|/docs|/openapi|/static|/\.well-known"
)
FORM = {
    "expected_version": 1,
    "language": "kk",
    "code": "EXPLANATION",
    "text": "Жауап",
    "role": "OFFICER",
    "sure": "yes",
    "title": "Т",
    "body": "М",
    "name": "Бөтен Әріптес",
    "email": "boten@ekinshi.example",
}
OWN: dict[type[Any], str] = {
    Inquiry: "provider_id",
    InquiryEntry: "inquiry_id",
    AnswerFile: "inquiry_id",
    ProviderResponse: "inquiry_id",
    Proposal: "provider_id",
    Commitment: "provider_id",
    NoticeRoute: "provider_id",
    Delivery: "provider_id",
    ReplyLink: "provider_id",
    ProviderWebhook: "provider_id",
    ProviderAccount: "provider_id",
    AccountEntry: "provider_id",
    InquiryAssignment: "inquiry_id",
    ResponseDraft: "inquiry_id",
    OwnTemplate: "provider_id",
    RegisteredStatement: "provider_id",
}
"""Every table that holds something of a provider, with the column by which its rows belong to one."""


class First(NamedTuple):
    """What the first provider has: ids by the name of the path's parameter, texts that nobody else may read, ids of its deliveries."""

    ids: dict[str, str]
    secrets: list[str]
    deliveries: list[str]
    link: str


@pytest.fixture
async def first(world, manager, officer, system, mail_server):
    exchange = Exchange(world)
    secret = await exchange.connect(system)
    for role, mailbox in MAILBOXES.items():
        await exchange.add_contact(role, email=mailbox)
    inquiry = await sent_inquiry(world, 1)
    second = await sent_inquiry(world, 2)
    async with mail_server.serving():
        await exchange.notify(second, "OVERDUE")
        await exchange.run(mail_server)
    link = link_in(mail_server.mails[-1])
    await world.consume(registered(3, channel="SPP", provider_id=PROVIDER))
    await manager.send(second, "assign", account_id=(await ids(manager))["Сынақ Маман"])
    await officer.post(f"/inquiries/{second}/draft", expected_draft_version="0", text=DRAFT)
    await manager.send(second, "ask-time", **{"ask-time.until": "2026-02-13", "ask-time.reason": DRAFT})
    named = {"Content-Disposition": f"attachment; filename={FILE_NAME}", "Content-Type": "text/plain"}
    path = f"{PREFIX}/v1/inquiries/{inquiry}/files"
    file = await world.client.post(path, headers=officer.bearer | named, content=FILE)
    assert file.status_code == 201, file.text
    given = ANSWER | {"code": "EXPLANATION", "text": SECRET, "attachments": [file.json()["file_id"]]}
    answer = await world.post(f"/v1/inquiries/{inquiry}/actions/respond", officer.bearer, given)
    assert answer.status_code == 200, answer.text
    await propose_again(world, inquiry, text=PROPOSAL)
    await promise_again(world, inquiry, text=PROMISE)
    await manager.post("/templates", title=TEMPLATE, body=TEMPLATE, language="kk")
    accounts = await ids(manager)
    template = re.search(r'name="template_id" value="([0-9a-f-]{36})"', await manager.page("/templates"))[1]
    found = {"inquiry_id": str(inquiry), "account_id": accounts["Сынақ Маман"], "template_id": template}
    found |= {"token": await manager.invite(), "action": "respond", "change": "remove"}
    found |= {"file_id": file.json()["file_id"], "attachment_id": str(uuid4())}
    rows = {str(getattr(row, key)) for model, key in KEYS.items() for row in await world.rows(model)}
    texts = [
        SECRET,
        FILE.decode(),
        FILE_NAME,
        TEMPLATE,
        DRAFT,
        PROPOSAL,
        PROMISE,
        "Сынақ Маман",
        "Сынақ Жетекші",
        system.hook,
        secret,
        *MAILBOXES.values(),
        *NUMBERS,
    ]
    values = [found[name] for name in ("inquiry_id", "account_id", "template_id", "file_id", "token")]
    deliveries = [str(row.delivery_id) for row in await world.rows(Delivery) if row.provider_id == PROVIDER]
    assert {row.channel for row in await world.rows(Delivery)} == {"PORTAL", "WEBHOOK", "EMAIL"}
    return First(found, [*texts, *values, *rows, link.rpartition("/")[2]], deliveries, link)


KEYS: dict[type[Any], str] = {
    Inquiry: "inquiry_id",
    ProviderResponse: "response_id",
    Proposal: "proposal_id",
    Commitment: "commitment_id",
    Delivery: "delivery_id",
    ReplyLink: "link_id",
    ProviderAccount: "account_id",
    OwnTemplate: "template_id",
    RegisteredStatement: "appeal_id",
}


def calls(app):
    """Every method and path that a provider may ask, by the matrix of roles."""
    allowed = {name for (name, _), row in expected().items() if row["provider"] == "+"}
    for route in iter_route_contexts(app.routes):
        path = str(route.path_format)
        if not isinstance(route.original_route, APIRoute) or OPEN_TO_ALL.search(path):
            continue
        for method in sorted(route.methods or ()):
            if f"{method} {path if path.startswith(PREFIX) else PREFIX + path}" in allowed:
                yield method, path.removeprefix(PREFIX)


def body_of(app, method, template, deliveries, system):
    """The example of the body in the OpenAPI document; ids and addresses of a webhook are those of the test."""
    operation = app.openapi()["paths"].get(PREFIX + template, {}).get(method.lower(), {})
    example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    if template == "/v1/webhook/replay":
        return {"ids": deliveries}
    return {"url": f"{system.url}/other"} if template == "/v1/webhook" and method == "PUT" else example


async def own_rows(world):
    """Every row of the first provider in every table that holds something of one."""
    own = {str(row.inquiry_id) for row in await world.rows(Inquiry) if row.provider_id == PROVIDER}
    found = {}
    for model, column in OWN.items():
        rows = [row.model_dump() for row in await world.rows(model) if str(getattr(row, column)) in {str(PROVIDER), *own}]
        assert rows, f"{model.__name__}: nothing to protect"
        found[model.__name__] = sorted(rows, key=repr)
    return found


async def ask(world, other, method, template, first, query, json_body):
    """Make a call as the other provider, with the ids of the first one in the path."""
    path = PREFIX + re.sub(r"\{(\w+)\}", lambda match: first.ids[match[1]], template)
    if template.endswith("/files") and method == "POST":
        named = {"Content-Disposition": "attachment; filename=other.txt", "Content-Type": "text/plain"}
        answer = await world.client.post(path, headers=other.bearer | named, content=b"Another file")
    elif "/v1/" in template:
        answer = await world.client.request(method, path, headers=other.bearer, params=query, json=json_body)
    else:
        answer = await world.client.request(method, path, headers=other.headers, params=query, data=FORM if method != "GET" else None)
    typed = json.dumps([*query.values(), json_body, path])
    leaked = [each for each in first.secrets if each in answer.text and each not in typed]
    assert leaked == [], (method, template, query)
    return answer


async def test_no_call_page_list_count_or_search_of_another_provider_shows_or_changes_anything(world, first, person, system):
    other = person("elsewhere", provider_id=OTHER, name="Бөтен")
    await other.get()
    before, called = await own_rows(world), len(system.seen()["calls"])
    asked = list(calls(world.app))
    assert len(asked) >= 20
    for method, template in asked:
        json_body = body_of(world.app, method, template, first.deliveries, system)
        searches = [{"tab": "all"}, {"number": NUMBERS[0]}, {"number": "0000002"}, {"provider_id": str(PROVIDER)}, {"overdue": "true"}]
        for query in ({}, *searches) if method == "GET" else ({},):
            answer = await ask(world, other, method, template, first, query, json_body)
            if "{" in template and "/v1/" in template and not query:
                assert answer.status_code == 404, (method, template, answer.text)
            elif "{" in template:
                assert answer.status_code in {303, 400, 404, 409, 410, 422}, (method, template, answer.status_code)
                assert answer.status_code != 303 or method == "GET", (method, template)
            if method == "GET" and "/v1/" in template and answer.status_code == 200 and "total" in answer.json():
                assert (answer.json()["items"], answer.json()["total"]) == ([], 0), template
    assert await own_rows(world) == before
    assert len(system.seen()["calls"]) == called, "nothing was sent again to the first provider's system"


@pytest.mark.usefixtures("first")
async def test_the_counts_of_the_inbox_and_the_pages_of_a_list_are_of_the_own_provider(world, person, manager):
    other = person("elsewhere", provider_id=OTHER, name="Бөтен")
    assert counts_in(await other.page()) == [0] * len(InboxTab)
    assert counts_in(await manager.page())[0] == 1, "the first provider's own are counted"
    for template in ("/v1/inquiries", "/v1/proposals", "/v1/commitments", "/v1/refusals", "/v1/webhook/deliveries"):
        own = (await world.get(template, manager.bearer, limit=1)).json()
        if own["next_cursor"] is not None:
            found = (await world.get(template, other.bearer, cursor=own["next_cursor"])).json()
            assert (found["items"], found["total"]) == ([], 0), template
    assert (await world.get("/v1/inquiries", manager.bearer, limit=1)).json()["next_cursor"] is not None


def counts_in(page):
    """The numbers on the tabs of the inbox."""
    return [int(each) for each in re.findall(r'<a href="/provider-contact/portal(?:\?tab=\w+)?"[^>]*>[^<]* (\d+)</a>', page)]


class TestOneTimeLinks:
    """Whoever has a link answers its inquiry once, and reaches nothing else by it."""

    @pytest.fixture
    async def links(self, world, mail_server):
        """Links to the inquiries 11 and 12 of two providers."""
        found = []
        async with mail_server.serving():
            for provider_id, number in ((PROVIDER, 11), (OTHER, 12)):
                exchange = Exchange(world, provider_id)
                await exchange.add_contact("PATIENT_SUPPORT", email=f"n{number}@emhana.example")
                inquiry = await exchange.ask(number)
                await exchange.run(mail_server)
                found.append((inquiry, link_in(mail_server.mails[-1])))
        return found

    async def rows(self, world, inquiry_id):
        """Everything of an inquiry that an answer changes."""
        models = (Inquiry, InquiryEntry, ProviderResponse, ReplyLink, Proposal)
        return [row.model_dump() for model in models for row in await world.rows(model) if row.inquiry_id == inquiry_id]

    async def test_it_opens_and_answers_its_own_inquiry_whatever_else_is_named(self, world, links):
        (own, link), (strange, strange_link) = links
        before = await self.rows(world, strange)
        [row] = [each for each in await world.rows(ReplyLink) if each.inquiry_id == strange]
        named = {"inquiry_id": str(strange), "link_id": str(row.link_id), "number": "2026-43-0000012-0", "provider_id": str(OTHER)}
        page = await world.client.get(link, params=named)
        assert page.status_code == 200
        assert "2026-43-0000011-0" in page.text
        assert "2026-43-0000012-0" not in re.sub(r'href="[^"]*"', "", page.text), "but in the links to other languages, as it was typed"
        sent = {"code": "RESOLVED", "text": SECRET, "one_time_token": strange_link.rpartition("/")[2], **named}
        answer = await world.client.post(link, data=sent, params=named, follow_redirects=True)
        assert answer.status_code == 200
        [response] = await world.rows(ProviderResponse)
        assert response.inquiry_id == own
        assert await self.rows(world, strange) == before

    async def test_an_altered_token_opens_and_answers_nothing(self, world, links):
        (own, link), (strange, strange_link) = links
        before = [await self.rows(world, each) for each in (own, strange)]
        base, _, token = link.rpartition("/")
        other = strange_link.rpartition("/")[2]
        half = len(token) // 2
        changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in (0, half, len(token) - 1)]
        changed += [
            token[:half] + other[half:],
            other[:half] + token[half:],
            token.swapcase(),
            token[:-1],
            token[1:],
            token + token,
            token + "A",
        ]
        for each in changed:
            for method in ("GET", "POST"):
                data = {"code": "EXPLANATION", "text": SECRET} if method == "POST" else None
                answer = await world.client.request(method, f"{base}/{each}", data=data)
                assert answer.status_code == 404, (method, each)
                assert "2026-43-" not in answer.text
        assert [await self.rows(world, each) for each in (own, strange)] == before

    async def test_a_used_link_shows_and_changes_nothing_any_more(self, world, links):
        (own, link), _ = links
        given = {"code": "EXPLANATION", "text": SECRET}
        assert (await world.client.post(link, data=given)).status_code == 303
        after = await self.rows(world, own)
        for answer in (await world.client.get(link), await world.client.post(link, data=given | {"text": "Басқа жауап"})):
            assert SECRET not in answer.text
            assert "2026-43-" not in answer.text
            assert "<form" not in answer.text.split("<main")[1]
        assert await self.rows(world, own) == after

    async def test_an_expired_link_shows_and_changes_nothing(self, world, links):
        (own, link), _ = links
        world.clock.advance(delivery_policy().replies.life + timedelta(seconds=1))
        before = await self.rows(world, own)
        for answer in (await world.client.get(link), await world.client.post(link, data={"code": "EXPLANATION", "text": SECRET})):
            assert answer.status_code == 410
            assert "2026-43-" not in answer.text
        assert await self.rows(world, own) == before

    async def test_it_is_no_session_and_no_token_of_the_api(self, world, links):
        token = links[0][1].rpartition("/")[2]
        for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"aryz_session={token}"}):
            assert (await world.client.get(f"{PREFIX}/v1/inquiries", headers=headers)).status_code == 401
            page = await world.client.get(f"{PREFIX}/portal", headers=headers | {"Accept": "text/html"})
            assert page.status_code in {303, 401}
            assert "2026-43-" not in page.text
