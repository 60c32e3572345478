"""A valid request for every writing operation of routing."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from routing.documents.models import AnswerLetter
from tests.routing.desk.pages.test_provider import recorded
from tests.routing.support import COMPLAINT
from tests.security.concurrency import Call, Kind, Prepare, Recipe, Recipes, Target

CASES = "/routing/v1/cases"
CRIME = {"text": None, "has_text": False, "kind": "COMPLAINT", "category": "EXTORTION"}
SETTLED = {"text": None, "has_text": False, "kind": "GRATITUDE", "topic": None}
ANSWER = {"language": "kk", "text": "Рахмет!", "findings": [], "next_steps": "Әрекет қажет емес.", "how_to_complain": "1414"}


def _action(
    action: str, *, role: str = "specialist", opened: dict[str, Any] | None = None, first: str | None = None, waits: int = 0, **fields
) -> Prepare:
    async def prepare(target: Target) -> Call:
        appeal_id = await target.world.open(**(opened or {}))
        who = target.world.token(role, region="KZ-43", subject=f"clerk-{target.number()}")
        if "assignee" in fields:  # somebody whom the desk knows
            await target.world.get("/cases", target.world.token("specialist", region="KZ-43", subject=fields["assignee"]))
        if first is not None:
            done = await target.world.carry_out(appeal_id, first, who, **ANSWER, hold_seconds=waits)
            assert done.status_code == 200, done.text
        version = (await target.world.case(appeal_id))["version"]
        return Call(f"{CASES}/{appeal_id}/actions/{action}", who, json={"expected_version": version, **fields})

    return prepare


DRAFT = {"expected_draft_version": 0, "language": "kk", "text": "Рахмет"}


async def save_draft(target: Target) -> Call:
    who = target.world.token("specialist", region="KZ-43", subject=f"clerk-{target.number()}")
    return Call(f"{CASES}/{await target.world.open()}/draft", who, json=DRAFT)


async def delete_draft(target: Target) -> Call:
    saving = await save_draft(target)
    saved = await target.world.client.put(saving.path, headers=saving.headers, json=saving.json)
    assert saved.status_code == 200, saved.text
    return Call(saving.path, saving.headers)


async def classify_text(target: Target) -> Call:
    return Call("/routing/v1/classifications", target.world.token("operator"), json={"text": COMPLAINT})


async def ask_provider(target: Target) -> Call:
    clinic = uuid4()
    await target.world.apply(recorded(clinic))
    opened = {"kind": "COMPLAINT", "category": "WAITING"}
    return await _action("ask-provider", opened=opened, provider_id=str(clinic), questions=["MEASURES"], language="kk")(target)


async def set_finding(target: Target) -> Call:
    prepared = await _action("set-finding", outcome="JUSTIFIED", fact="Талон берілмеген.", rule="ҚР ДСМ бұйрығы", refusal=None)(target)
    case = await target.world.case(prepared.path.split("/")[-3])
    return replace(prepared, json=prepared.json | {"issue_id": case["issues"][0]["issue_id"]})


async def remove_issue(target: Target) -> Call:
    splitting = await split_issue(target)
    done = (await target.world.client.post(splitting.path, headers=splitting.headers, json=splitting.json)).json()
    body = {"expected_version": done["version"], "issue_id": done["issues"][1]["issue_id"]}
    return Call(splitting.path.replace("split-issue", "remove-issue"), splitting.headers, json=body)


async def link_duplicate(target: Target) -> Call:
    prepared = await _action("link-duplicate")(target)
    other = await target.world.case(await target.world.open())
    return replace(prepared, json=prepared.json | {"of_number": other["number"]})


async def unlink(target: Target) -> Call:
    linking = await link_duplicate(target)
    done = (await target.world.client.post(linking.path, headers=linking.headers, json=linking.json)).json()
    return Call(linking.path.replace("link-duplicate", "unlink"), linking.headers, json={"expected_version": done["version"]})


async def record_delivery(target: Target) -> Call:
    appeal_id, expert = await target.world.open(**CRIME), target.world.token("expert", subject=f"expert-{target.number()}")
    done = await target.world.carry_out(appeal_id, "redirect", expert, body="POLICE")
    assert done.status_code == 200, done.text
    body = {"expected_version": done.json()["version"], "method": "COURIER", "delivered_on": "2026-02-02", "reference": "№ 7"}
    return Call(f"{CASES}/{appeal_id}/actions/record-delivery", expert, json=body)


DEATH = {"kind": "COMPLAINT", "category": "QUALITY_DEATH"}  # an expert sees it before and after it is protected
SIGNS = DEATH | {"text": "Врач вымогал взятку в конверте за операцию"}
split_issue = _action("split-issue", category="WAITING")


async def add_note(target: Target) -> Call:
    appeal_id, who = await target.world.open(), target.world.token("specialist", region="KZ-43", subject="clerk-1")
    await target.world.get("/cases", who)  # the first visit of a day is recorded; the note is counted alone
    return Call(f"{CASES}/{appeal_id}/notes", who, json={"text": "Осы емханаға төртінші шағым.", "mentions": []})


async def change_cases(target: Target) -> Call:
    cases = [{"appeal_id": str(await target.world.open()), "expected_version": 1} for _ in range(2)]
    who = target.world.token("specialist", region="KZ-43", subject=f"clerk-{target.number()}")
    await target.world.get("/cases", who)  # the first visit of a day is recorded; the changes are counted alone
    return Call("/routing/v1/bulk", who, json={"action": "claim", "fields": {}, "cases": cases})


async def set_absence(target: Target) -> Call:
    who = target.world.token("specialist", region="KZ-43", subject=f"clerk-{target.number()}")
    await target.world.get("/cases", who)
    return Call("/routing/v1/colleagues/absence", who, json={"subject": None, "absent_until": "2099-01-01"})


def _about_colleague(path: str, **fields: Any) -> Prepare:
    """About a colleague who holds one case."""

    async def prepare(target: Target) -> Call:
        subject = f"clerk-{target.number()}"
        clerk = target.world.token("specialist", region="KZ-43", subject=subject)
        claimed = await target.world.carry_out(await target.world.open(), "claim", clerk)
        assert claimed.status_code == 200, claimed.text
        who = target.world.token("supervisor", region="KZ-43", subject=f"boss-{target.number()}")
        return Call(f"/routing/v1/colleagues/{path}", who, json={"subject": subject, **fields})

    return prepare


async def set_automatic(target: Target) -> Call:
    who = target.world.token("supervisor", region="KZ-43", subject=f"boss-{target.number()}")
    return Call("/routing/v1/queues/automatic", who, json={"queue": "KZ-43/2/kk", "automatic": True})


async def search_cases(target: Target) -> Call:
    await target.world.open()
    who = target.world.token("operator", subject="searcher")
    await target.world.get("/cases", who)  # the desk records a person's first visit of a day; the search is counted alone
    return Call(f"{CASES}/search", who, json={"query": "2026"})


async def read_contents(target: Target) -> Call:
    asked = {"ids": [str(await target.world.open())], "purpose": "tracking", "on_behalf_of": "somebody"}
    return Call("/routing/internal/v1/contents", target.world.token("service", subject="intake"), json=asked)


async def answered_case(target: Target) -> dict[str, str]:
    """Return the ids of a case and of its answer."""
    appeal_id = await target.world.open(**SETTLED)
    who = target.world.token("specialist", region="KZ-43", subject="clerk-1")
    assert (await target.world.carry_out(appeal_id, "answer", who, **ANSWER)).status_code == 200
    facts = [json.loads(value) for fact, value in await target.world.emitted() if fact == "answer-given"]
    answer_id = next(fact["answer_id"] for fact in facts if fact["appeal_id"] == str(appeal_id))
    return {"appeal_id": str(appeal_id), "answer_id": answer_id}


async def write_letter(target: Target) -> Call:
    asked = await answered_case(target) | {"purpose": "letter", "on_behalf_of": "applicant", "origin": "https://aryz.example"}
    return Call("/routing/internal/v1/letters", target.world.token("service", subject="intake"), json=asked)


async def check_letter(target: Target) -> Call:
    issuing = await write_letter(target)
    issued = await target.world.client.post(issuing.path, headers=issuing.headers, json=issuing.json)
    assert issued.status_code == 200, issued.text
    async with target.parts.database.read() as session:
        row = await session.get(AnswerLetter, UUID(issuing.json["answer_id"]))
    return Call("/routing/v1/letter-checks", json={"code": row.code, "sha256": sha256(issued.content).hexdigest()})


async def _requested_extension(target: Target, action: str, role: str, **fields) -> Call:
    appeal_id, author = await target.world.open(), target.world.token("specialist", region="KZ-43", subject=f"clerk-{target.number()}")
    asked = {"until": "2026-03-16", "reason": "Құжаттар әлі келген жоқ."}
    assert (await target.world.carry_out(appeal_id, "request-extension", author, **asked)).status_code == 200
    version = (await target.world.case(appeal_id))["version"]
    who = target.world.token(role, region="KZ-43", subject=f"{role}-{target.number()}")
    return Call(f"{CASES}/{appeal_id}/actions/{action}", who, json={"expected_version": version, **fields})


async def approve_extension(target: Target) -> Call:
    return await _requested_extension(target, "approve-extension", "head")


async def reject_extension(target: Target) -> Call:
    return await _requested_extension(target, "reject-extension", "head", reason="Мерзім жеткілікті.")


async def _waiting_return(target: Target, action: str, role: str, **fields) -> Call:
    appeal_id, author = await target.world.open(), target.world.token("specialist", region="KZ-43", subject=f"clerk-{target.number()}")
    assert (await target.world.carry_out(appeal_id, "return", author, ground="SAME_AS_CLOSED")).status_code == 200
    version = (await target.world.case(appeal_id))["version"]
    who = target.world.token(role, region="KZ-43", subject=f"{role}-{target.number()}")
    return Call(f"{CASES}/{appeal_id}/actions/{action}", who, json={"expected_version": version, **fields})


async def approve(target: Target) -> Call:
    return await _waiting_return(target, "approve", "head")


async def reject(target: Target) -> Call:
    return await _waiting_return(target, "reject", "supervisor", reason="Өтінішті қарау керек.")


KNOWLEDGE = "/routing/v1/knowledge"
TEXT = {"question": "Қалай төлеймін?", "answer": "Банк арқылы төлеңіз.", "synonyms": []}
ARTICLE = {"valid_from": "2026-01-01", "source": "Заң № 405-V", "kk": TEXT, "ru": TEXT}


async def begin_article(target: Target) -> Call:
    return Call(KNOWLEDGE, target.world.token("supervisor", subject=f"keeper-{target.number()}"), json={"topic": "PAY_METHODS"})


async def save_article(target: Target) -> Call:
    beginning = await begin_article(target)
    begun = (await target.world.client.post(beginning.path, headers=beginning.headers, json=beginning.json)).json()
    path = f"{KNOWLEDGE}/{begun['article_id']}/draft"
    return Call(path, beginning.headers, json=ARTICLE | {"expected_revision": begun["revision"]})


async def submit_article(target: Target) -> Call:
    saving = await save_article(target)
    saved = (await target.world.client.put(saving.path, headers=saving.headers, json=saving.json)).json()
    return Call(saving.path.replace("draft", "actions/submit"), saving.headers, json={"expected_revision": saved["revision"]})


def _path(action: str) -> tuple[str, str]:
    return "post", f"{CASES}/{{appeal_id}}/actions/{action}"


RECIPES: Recipes = {
    ("post", KNOWLEDGE): Recipe(begin_article),
    ("put", f"{KNOWLEDGE}/{{article_id}}/draft"): Recipe(save_article),
    ("post", f"{KNOWLEDGE}/{{article_id}}/actions/{{action}}"): Recipe(submit_article),
    _path("claim"): Recipe(_action("claim")),
    _path("assign"): Recipe(_action("assign", role="supervisor", assignee="aigul")),
    _path("classify"): Recipe(_action("classify", kind="COMPLAINT", category="WAITING")),
    _path("escalate"): Recipe(_action("escalate", reason="URGENT")),
    _path("answer"): Recipe(_action("answer", opened=SETTLED, **ANSWER)),
    _path("answer-and-close"): Recipe(_action("answer-and-close", opened=SETTLED, **ANSWER, outcome="NOTED")),
    _path("undo"): Recipe(_action("undo", opened=SETTLED, first="answer", waits=30)),
    _path("close"): Recipe(_action("close", opened=SETTLED, first="answer", outcome="NOTED")),
    _path("ask"): Recipe(_action("ask", text="Қай күні бардыңыз?", language="kk")),
    _path("request-completion"): Recipe(_action("request-completion", missing=["ADDRESS"], language="ru")),
    _path("return"): Recipe(_action("return", ground="SAME_AS_CLOSED")),
    _path("terminate"): Recipe(_action("terminate", role="head", ground="COURT_ACT")),
    _path("forward"): Recipe(_action("forward", body="LABOUR_SOCIAL", text="Вопрос вне компетенции Фонда.")),
    _path("pass-up"): Recipe(
        _action("pass-up", opened={"statutory_form": "ZHALOBA"}, body="HEALTH_MINISTRY", text="Шағым жоғары органға берілді.")
    ),
    _path("ask-provider"): Recipe(ask_provider),
    _path("request-extension"): Recipe(_action("request-extension", until="2026-03-16", reason="Құжаттар әлі келген жоқ.")),
    _path("approve-extension"): Recipe(approve_extension),
    _path("reject-extension"): Recipe(reject_extension),
    _path("approve"): Recipe(approve),
    _path("reject"): Recipe(reject),
    _path("link-duplicate"): Recipe(link_duplicate),
    _path("unlink"): Recipe(unlink),
    _path("protect"): Recipe(_action("protect", role="expert", opened=DEATH, ground="PRIVACY")),
    _path("unprotect"): Recipe(_action("unprotect", role="expert", opened=SIGNS)),
    _path("record-delivery"): Recipe(record_delivery),
    _path("split-issue"): Recipe(split_issue),
    _path("remove-issue"): Recipe(remove_issue),
    _path("set-finding"): Recipe(set_finding),
    _path("log-call"): Recipe(_action("log-call", text="Ертең қоңырау шалуды сұрады.", follow_up_on="2099-01-01")),
    ("post", f"{CASES}/{{appeal_id}}/notes"): Recipe(add_note),
    _path("redirect"): Recipe(_action("redirect", role="expert", opened=CRIME, body="POLICE")),
    ("put", f"{CASES}/{{appeal_id}}/draft"): Recipe(save_draft),
    ("delete", f"{CASES}/{{appeal_id}}/draft"): Recipe(delete_draft),
    ("post", "/routing/v1/classifications"): Recipe(classify_text, Kind.READ),
    ("post", "/routing/v1/bulk"): Recipe(change_cases),
    ("post", "/routing/v1/colleagues/absence"): Recipe(set_absence),
    ("post", "/routing/v1/colleagues/staffing"): Recipe(_about_colleague("staffing", capacity=5)),
    ("post", "/routing/v1/colleagues/reassignment"): Recipe(_about_colleague("reassignment", to="QUEUE")),
    ("post", "/routing/v1/queues/automatic"): Recipe(set_automatic),
    ("post", f"{CASES}/search"): Recipe(search_cases, Kind.READ),
    ("post", "/routing/internal/v1/contents"): Recipe(read_contents, Kind.READ, frozenset({"content_read"})),
    ("post", "/routing/internal/v1/letters"): Recipe(write_letter, Kind.READ, frozenset({"content_read"})),
    ("post", "/routing/v1/letter-checks"): Recipe(check_letter, Kind.READ),
}
