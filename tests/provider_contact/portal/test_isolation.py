"""A provider reaches nothing of another one: every call and page of the service that a provider may make, with every id of the other."""

import json
import re
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from provider_contact.accounts.models import ProviderAccount
from provider_contact.inquiries.models import Inquiry
from provider_contact.portal.models import OwnTemplate
from tests.provider_contact.conftest import ANSWER, OTHER, PROVIDER, sent_inquiry
from tests.provider_contact.portal.test_colleagues import ids
from tests.security.roles import expected

SECRET = "Құпия сөз: бірінші ұйымның жауабы"
TEMPLATE = "Құпия үлгі"
FILE = b"Register of the first organisation"
PREFIX = "/provider-contact"
OPEN_TO_ALL = re.compile(
    r"/v1/(providers|doctors|replies|ratings|suggestions)|/parked|/health|/metrics|/docs|/openapi|/static|/\.well-known"
)
BODY = {
    "expected_version": 1,
    "language": "kk",
    "code": "EXPLANATION",
    "text": "Жауап",
    "role": "OFFICER",
    "sure": "yes",
    "title": "Т",
    "body": "М",
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


@pytest.fixture
async def first(world, manager, officer):
    """What the first provider has: inquiries, an answer, accounts, an invitation, a template, a draft."""
    inquiry = await sent_inquiry(world, 1)
    await sent_inquiry(world, 2)
    named = {"Content-Disposition": "attachment; filename=secret-journal.txt", "Content-Type": "text/plain"}
    path = f"{PREFIX}/v1/inquiries/{inquiry}/files"
    file = await world.client.post(path, headers=officer.bearer | named, content=FILE)
    assert file.status_code == 201, file.text
    given = ANSWER | {"code": "EXPLANATION", "text": SECRET, "attachments": [file.json()["file_id"]]}
    await world.post(f"/v1/inquiries/{inquiry}/actions/respond", officer.bearer, given)
    await manager.post("/templates", title=TEMPLATE, body=TEMPLATE, language="kk")
    accounts = await ids(manager)
    template = re.search(r'name="template_id" value="([0-9a-f-]{36})"', await manager.page("/templates"))[1]
    found = {"inquiry_id": str(inquiry), "account_id": accounts["Сынақ Маман"], "template_id": template}
    found |= {"file_id": file.json()["file_id"], "attachment_id": str(uuid4())}
    return found | {"token": await manager.invite(), "action": "respond", "change": "remove"}


async def test_no_call_page_list_count_or_search_of_another_provider_shows_or_changes_anything(world, first, person):
    other = person("elsewhere", provider_id=OTHER, name="Бөтен")
    await other.get()
    secrets = [
        SECRET,
        FILE.decode(),
        "secret-journal",
        TEMPLATE,
        "Сынақ Маман",
        "Сынақ Жетекші",
        "2026-43-0000001-0",
        "2026-43-0000002-0",
        *first.values(),
    ]
    secrets = [each for each in secrets if each not in {"respond", "remove"}]
    before = await own_rows(world)
    asked = list(calls(world.app))
    assert len(asked) >= 20
    for method, template in asked:
        path = PREFIX + re.sub(r"\{(\w+)\}", lambda match: first.get(match[1], first["inquiry_id"]), template)
        is_page = "/v1/" not in template
        for query in ({}, {"tab": "all"}, {"number": "0000001"}, {"provider_id": first["inquiry_id"]}):
            if method != "GET" and query:
                continue
            if is_page:
                answer = await world.client.request(
                    method, path, headers=other.headers, params=query, data=BODY if method != "GET" else None
                )
            else:
                answer = await world.client.request(
                    method, path, headers=other.bearer, params=query, json=BODY if method != "GET" else None
                )
            typed = {*query.values(), *re.findall(r"[\w-]{20,}", path)}
            leaked = [each for each in secrets if each in answer.text and each not in typed]
            assert leaked == [], (method, template, query)
            if "{" in template:
                assert answer.status_code in {303, 400, 404, 409, 410, 422}, (method, template, answer.status_code)
                assert answer.status_code != 303 or method == "GET", (method, template)
            if answer.headers.get("content-type", "").startswith("application/json") and method == "GET" and "total" in answer.json():
                assert answer.json()["total"] == 0, template
    assert json.loads((await world.client.get(f"{PREFIX}/v1/inquiries", headers=other.bearer)).text)["total"] == 0
    assert await own_rows(world) == before


async def own_rows(world):
    """The accounts, inquiries and templates of the first provider with their versions."""
    accounts = [(each.account_id, each.state, each.version) for each in await world.rows(ProviderAccount) if each.provider_id == PROVIDER]
    inquiries = [(each.inquiry_id, each.status, each.version) for each in await world.rows(Inquiry)]
    return accounts, inquiries, [each.template_id for each in await world.rows(OwnTemplate) if each.provider_id == PROVIDER]
