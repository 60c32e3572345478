"""Differential test over all roles: whatever names a case names one that the role may open, and every other case appears nowhere."""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from shared.contracts import MessageAdded
from tests.routing.cases.test_api import sees
from tests.routing.clocks.test_service import watch
from tests.routing.desk.support import open_desk, session
from tests.routing.support import NOW, imported, registered

ROLES = ("operator", "specialist", "expert", "supervisor", "head", "admin")
REGIONS = (None, "KZ-43", "KZ-75", "KZ-00")
CONFINED = [
    ("operator", "KZ-43"),
    ("specialist", "KZ-43"),
    ("specialist", None),
    ("expert", None),
    ("supervisor", "KZ-75"),
    ("head", "KZ-43"),
]
SUBJECTS = (
    {"kind": "COMPLAINT", "category": "WAITING", "language": "kk"},
    {"kind": "COMPLAINT", "category": "QUALITY_DEATH", "language": "ru"},
    {"kind": "CONSULTATION", "topic": "PAY_RATES", "language": "ru"},
)
PROTECTED = (
    {"kind": "COMPLAINT", "category": "EXTORTION", "language": "ru"},
    {"kind": "COMPLAINT", "category": "FUND_SERVICE", "language": "kk"},
)
HREF = re.compile(r"/routing/desk/([0-9a-f]{8}-[0-9a-f-]{27})")
TICK = re.compile(r'name="case\.([0-9a-f-]{36})"')
TABS = ("mine", "queue", "region", "overdue", "news", "awaiting", "approvals", "protected", "all")
FILTERS = (
    "open=true",
    "open=false",
    "overdue=true",
    "has_news=true",
    "language=ru&sort=received",
    "assignee=aigul&open=true",
    "tier=3&sort=updated",
    "category=EXTORTION",
)
API_FILTERS = (*FILTERS, "protected=true", "protected=false", "awaits_proof=true", "queue=KZ-00/protected/ru")
SCOPES = ("mine", "queue", "region", "all")


@dataclass
class World:
    """Cases of two regions on all tiers: open, closed, overdue, taken, with news, notes and mentions; some of them are protected."""

    cases: dict[str, tuple[str, int, str | None]]
    """(region, tier, protection) by id."""
    numbers: dict[str, str]

    def of(self, role: str, region: str | None) -> set[str]:
        """Return the cases that the role may open, by the rules of the HTTP surface."""
        return {key for key, case in self.cases.items() if sees(role, region, *case)}


@pytest.fixture
async def world(desk, owners) -> World:
    ordinary = [registered(region=region, has_text=False, **subject) for region in ("KZ-43", "KZ-75") for subject in SUBJECTS]
    protected = [registered(region=region, has_text=False, **subject) for region in ("KZ-43", "KZ-75") for subject in PROTECTED]
    made = [*ordinary, *protected]
    await desk.apply(*made)
    for former in (imported(), imported(category="EXTORTION")):
        await desk.apply(former)
    for event in protected:
        await desk.apply(MessageAdded(appeal_id=event.appeal_id, message_id=uuid4(), attachments=0))
    await desk.apply(MessageAdded(appeal_id=made[0].appeal_id, message_id=uuid4(), attachments=0))
    everywhere = desk.token("operator", subject="aigul", name="Сынақ Айгүл")
    everybody = list(product(ROLES, REGIONS))
    for role, region in everybody:
        await desk.get("/cases", _token(desk, role, region))
    expert = desk.token("expert", subject="nurlan", name="Сынақ Нұрлан")
    for event in made[1:5]:
        assert (await desk.carry_out(event.appeal_id, "claim", everywhere)).status_code == 200
    for event in protected[:2]:
        assert (await desk.carry_out(event.appeal_id, "claim", expert)).status_code == 200
    for event in made:
        mentions = [f"{role}-{region}" for role, region in everybody if role != "admin" and await _opens(desk, event, role, region)]
        note = await desk.client.post(
            f"/routing/v1/cases/{event.appeal_id}/notes",
            headers=expert if event in protected else everywhere,
            json={"text": "Қараңыз.", "mentions": mentions},
        )
        assert note.status_code == 201, note.text
    for event in ordinary[3:]:
        asked = {"until": "2026-06-01", "reason": "Құжаттарды күтеміз."}
        assert (await desk.carry_out(event.appeal_id, "request-extension", everywhere, **asked)).status_code in {200, 409, 422}
    await watch(desk, NOW + timedelta(days=12))
    items = (await desk.get("/cases", desk.token("admin"), limit=200)).json()["items"]
    assert {item["tier"] for item in items} == {1, 2, 3}
    owners.found["+77010000000"] = [item["appeal_id"] for item in items]
    return World(
        {item["appeal_id"]: (item["region"], item["tier"], item["protection"]) for item in items},
        {item["appeal_id"]: item["number"] for item in items},
    )


def _token(desk, role, region):
    return desk.token(role, subject=f"{role}-{region}", **({"region": region} if region else {}))


async def _opens(desk, event, role, region):
    return (await desk.get(f"/cases/{event.appeal_id}", _token(desk, role, region))).status_code == 200


def _ids(answer) -> set[str]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"] == len(found["items"])
    return {item["appeal_id"] for item in found["items"]}


async def _named(desk, who, path: str, **sent) -> set[str]:
    """Return the cases that a page of the desk names."""
    request = desk.client.post if sent else desk.client.get
    page = await request(f"/routing/desk{path}", headers=who, **({"data": sent} if sent else {}))
    assert page.status_code == 200, (path, page.status_code)
    return set(HREF.findall(page.text)) | set(TICK.findall(page.text))


class TestWhatARoleSees:
    @pytest.mark.parametrize("role", ROLES)
    async def test_over_http_everything_that_names_or_counts_cases_keeps_to_those_it_may_open(self, desk, world, role):
        for region in REGIONS:
            await self._keeps_to_its_cases(desk, world, role, region)

    async def _keeps_to_its_cases(self, desk, world, role, region):
        who, mayopen = _token(desk, role, region), world.of(role, region)
        assert _ids(await desk.get("/cases", who, limit=200)) == mayopen
        for key in world.cases:
            assert (await desk.get(f"/cases/{key}", who)).status_code == (200 if key in mayopen else 404)
            assert _ids(await desk.get("/cases", who, number=world.numbers[key])) == {key} & mayopen
        for scope in SCOPES:
            assert _ids(await desk.get("/cases", who, scope=scope, limit=200)) <= mayopen
        for query in API_FILTERS:
            found = await desk.client.get(f"/routing/v1/cases?{query}&limit=200", headers=who)
            assert _ids(found) <= mayopen
        for query in ("2026", "+7 701 000 00 00"):
            found = await desk.client.post("/routing/v1/cases/search", headers=who, json={"query": query, "limit": 200})
            assert _ids(found) <= mayopen
            assert query == "2026" or _ids(found) == mayopen
        marked = {item["appeal_id"] for item in (await desk.get("/cases", who, limit=200)).json()["items"] if item["mentions_you"]}
        assert marked == (set() if role == "admin" else {key for key in mayopen if world.numbers[key] and key in await _noted(desk)})
        figures = {each["subject"]: each for each in (await desk.get("/colleagues", who, limit=200)).json()["items"]}
        own = _ids(await desk.get("/cases", who, assignee="aigul", open="true", limit=200))
        assert own <= mayopen
        assert figures.get("aigul", {"open": 0})["open"] == len(own)
        of_expert = _ids(await desk.get("/cases", who, assignee="nurlan", open="true", limit=200))
        assert of_expert <= mayopen
        assert figures.get("nurlan", {"open": 0})["open"] == len(of_expert)
        await self._queues_keep_to(desk, who, role, region)
        if role != "admin":
            await self._bulk_keeps_to(desk, who, world, mayopen)

    async def _queues_keep_to(self, desk, who, role, region):
        """The queues of a branch count no protected case; those of the central office count them by themselves."""
        if region is None or role not in {"supervisor", "head"}:
            return
        queues = (await desk.get("/queues", who)).json()["items"]
        waiting = {item["queue"]: item["waiting"] for item in queues}
        assert any("/protected/" in queue for queue in waiting) is (region == "KZ-00")
        if region != "KZ-00":
            listed = _ids(await desk.get("/cases", who, scope="queue", limit=200))
            assert sum(waiting.values()) == len(listed)

    async def _bulk_keeps_to(self, desk, who, world, mayopen):
        """A version that no case has: what is seen is refused for it, what is not seen as a case that does not exist."""
        unknown = str(uuid4())
        cases = [{"appeal_id": key, "expected_version": 999} for key in (*world.cases, unknown)]
        sent = {"action": "classify", "fields": {"kind": "GRATITUDE"}, "cases": cases}
        answer = (await desk.client.post("/routing/v1/bulk", headers=who, json=sent)).json()
        codes = {each["appeal_id"]: each["code"] for each in answer["refused"]}
        assert (answer["done"], codes) == (
            [],
            {key: "version-conflict" if key in mayopen else "not-found" for key in (*world.cases, unknown)},
        )

    @pytest.mark.parametrize("role", ROLES)
    async def test_on_the_pages_no_other_case_is_named(self, desk, world, role):
        for region in REGIONS:
            await self._names_its_cases(desk, world, role, region)

    async def _names_its_cases(self, desk, world, role, region):
        who, mayopen = session(desk, role, region, subject=f"{role}-{region}"), world.of(role, region)
        assert await _named(desk, who, "?tab=all&rows=100") == mayopen
        for tab in TABS:
            assert await _named(desk, who, f"?tab={tab}") <= mayopen
        for query in (*FILTERS, "query=2026"):
            assert await _named(desk, who, f"?{query}") <= mayopen
            assert await _named(desk, who, f"/rows?{query}") <= mayopen
        for key in mayopen:
            assert await _named(desk, who, f"/{key}?tab=all") <= mayopen
        if role != "admin":
            ticked = {f"case.{key}": "999" for key in world.cases}
            named = await _named(desk, who, "/bulk?tab=all", action="claim", **ticked)
            assert named == mayopen
        if role in {"supervisor", "head", "admin"}:
            assert await _named(desk, who, "/overdue-reports") <= mayopen
        if role in {"supervisor", "head"}:
            page = await open_desk(desk, "/team", who)
            for href in set(re.findall(r'href="/routing/desk(\?[^"]+|/overdue-reports)"', page.text)):
                assert await _named(desk, who, href.replace("&amp;", "&")) <= mayopen


async def _noted(desk) -> set[str]:
    items = (await desk.get("/cases", desk.token("admin"), limit=200)).json()["items"]
    return {item["appeal_id"] for item in items if item["notes_count"]}


class TestEveryRouteOfACase:
    @pytest.mark.parametrize(("role", "region"), CONFINED)
    async def test_an_invisible_case_is_answered_as_one_that_does_not_exist(self, desk, world, role, region):
        """A new route is covered as soon as it is there: the bodies are the examples of the document, and forms of them."""
        hidden = min(world.cases.keys() - world.of(role, region))
        document = (await desk.client.get("/routing/openapi.json")).json()
        checked = 0
        for route in iter_route_contexts(desk.app.routes):
            path = str(route.path_format)
            if "{appeal_id}" not in path or not isinstance(route.original_route, APIRoute):
                continue
            for method in sorted(route.methods or ()):
                asked = _request(
                    document, path, method, _token(desk, role, region), session(desk, role, region, subject=f"{role}-{region}")
                )
                answers = [await _answer(desk, method, path, key, asked) for key in (hidden, str(uuid4()))]
                assert answers[0] == answers[1], (method, path)
                assert answers[0][0] in {303, 403, 404}, (method, path, answers[0])
                checked += 1
        assert checked > 25


def _request(document, path, method, token, cookies):
    """Return the headers and the body of a valid request."""
    operation = document["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return {"headers": cookies} | ({} if method == "GET" else {"data": {"expected_version": "1", "note-text": "…", "text": "…"}})
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return {"headers": token} | ({"json": media["example"]} if media else {})


async def _answer(desk, method, path, key, asked):
    filled = path.format(appeal_id=key, attachment_id=UNKNOWN, file_id=UNKNOWN, action="claim", view_id=UNKNOWN, step="delete")
    answer = await desk.client.request(method, filled, **asked)
    location = answer.headers.get("location", "")
    return answer.status_code, answer.text.replace(key, "…"), location.replace(key, "…")


UNKNOWN = "018f0000-0000-7000-8000-0000000000aa"
