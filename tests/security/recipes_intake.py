"""A valid request for every writing operation of intake."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

from intake.channels.partner import jobs
from intake.notifications.models import Notification
from shared.outgoing.signatures import sign_headers
from tests.intake.channels.phone.test_api import event
from tests.intake.imports.open_rows import open_row
from tests.intake.imports.service.test_importing import row as legacy_row
from tests.intake.offers import Offered
from tests.intake.register.test_applicant_api import WORDS, Case
from tests.intake.register.test_handlers import apply, recorded, routed
from tests.intake.suggestions.articles import QUESTION, article
from tests.security.concurrency import Call, Kind, Prepare, Recipe, Recipes, Target
from tests.telegram_double import SECRET as TELEGRAM_SECRET
from tests.telegram_double import Phone

SMS_SECRET = "whsec_c3ludGhldGljLXNlY3JldC1vZi0zMi1ieXRlcyE="
SETTINGS = {
    "webhooks_to_loopback": True,
    "uploads_per_minute": 0,
    "self_service_per_minute": 0,
    "sms_secret": SMS_SECRET,
    "telegram_token": "1:synthetic",
    "telegram_secret": TELEGRAM_SECRET,
}
APPEALS, SUBSCRIPTIONS, UPLOADS = "/intake/v1/appeals", "/intake/v1/subscriptions", "/intake/v1/uploads"
HOOK = "http://127.0.0.1:9/hook"
PIECE = {"Content-Type": "application/partial-upload", "Upload-Offset": "0"}
ALWAYS_SEEN = frozenset({"content_read"})


def _applicant(target: Target) -> dict[str, str]:
    return {"full_name": "Сынақ Азамат", "phone": f"8 701 000 {target.number():04}"}


async def _filed(target: Target, **changes) -> Case:
    answer = await target.world.file(applicant=_applicant(target), **changes)
    assert answer.status_code == 201, answer.text
    return Case(target.world, answer.json())


def _by_applicant(call: str, given, *, state: str | None = None) -> Prepare:
    async def prepare(target: Target) -> Call:
        case = await _filed(target)
        if state == "answered":
            await case.answered()
        elif state == "routed":
            await case.routed()
        fields = await given(case) if callable(given) else given
        return Call(f"{APPEALS}/{case.number}/{call}", {"Appeal-Pin": case.pin}, json=fields)

    return prepare


async def _contact_code(case: Case) -> dict[str, str]:
    return {"code": await case.code(purpose="contact-confirmation")}


async def _withdrawal_code(case: Case) -> dict[str, str]:
    return {"statement": WORDS, "reason": "SOLVED", "code": await case.code(purpose="withdrawal")}


async def register(target: Target) -> Call:
    said = {"region": "KZ-43", "text": WORDS, "applicant": _applicant(target), "consents": ["PROCESSING"]}
    return Call(APPEALS, json=said)


async def import_register(target: Target) -> Call:
    lines = "\n".join(json.dumps(legacy_row(target.number())) for _ in range(3))
    headers = target.world.token("admin") | {"Content-Type": "application/x-ndjson"}
    return Call("/intake/v1/imports", headers, content=lines.encode())


async def import_open_appeals(target: Target) -> Call:
    lines = "\n".join(json.dumps(open_row(target.number())) for _ in range(3))
    headers = target.world.token("admin") | {"Content-Type": "application/x-ndjson"}
    return Call("/intake/v1/imports/open", headers, content=lines.encode())


async def undo_open_import(target: Target) -> Call:
    call = await import_open_appeals(target)
    answer = await target.world.client.post(call.path, headers=call.headers, content=call.content)
    return Call(f"/intake/v1/imports/{answer.json()['import_id']}/actions/undo", target.world.token("admin"), json={})


async def read_contents(target: Target) -> Call:
    case = await _filed(target)
    asked = {"ids": [str(case.id)], "purpose": "classification", "on_behalf_of": None}
    return Call("/intake/internal/v1/contents", target.world.token("service", subject="routing"), json=asked)


async def look_up(target: Target) -> Call:
    await _filed(target)
    asked = {"purpose": "desk-search", "on_behalf_of": "somebody", "phone": "+77010000000"}
    return Call("/intake/internal/v1/lookups", target.world.token("service", subject="routing"), json=asked)


async def read_file(target: Target) -> Call:
    case = await _filed(target)
    headers = {"Appeal-Pin": case.pin, "Content-Type": "text/plain"}
    added = await target.clients[0].post(f"{APPEALS}/{case.number}/attachments", headers=headers, content=b"Certificate")
    asked = {"appeal_id": str(case.id), "attachment_id": added.json()["attachment_id"], "purpose": "desk-attachment", "on_behalf_of": "s"}
    return Call("/intake/internal/v1/attachments", target.world.token("service", subject="routing"), json=asked)


async def attach(target: Target) -> Call:
    case = await _filed(target)
    return Call(f"{APPEALS}/{case.number}/attachments", {"Appeal-Pin": case.pin, "Content-Type": "text/plain"}, content=b"Certificate")


async def call_back(target: Target) -> Call:
    case = await _filed(target)
    await case.routed()
    assert (await case.withdraw()).json()["withdrawal"] == "PENDING"
    caller = target.world.token("specialist", region="KZ-43", subject="s")
    return Call(f"/intake/v1/withdrawals/{case.id}/call-back", caller, json={"confirmed": True})


def _partner(target: Target) -> dict[str, str]:
    return target.world.token("partner", subject=f"partner-{target.number()}")


async def _subscribed(target: Target) -> tuple[dict[str, str], str]:
    who = _partner(target)
    answer = await target.clients[0].post(SUBSCRIPTIONS, json={"url": HOOK}, headers=who)
    assert answer.status_code == 201, answer.text
    return who, f"{SUBSCRIPTIONS}/{answer.json()['subscription_id']}"


async def subscribe(target: Target) -> Call:
    return Call(SUBSCRIPTIONS, _partner(target), json={"url": HOOK})


async def unsubscribe(target: Target) -> Call:
    who, path = await _subscribed(target)
    return Call(path, who)


async def renew_secret(target: Target) -> Call:
    who, path = await _subscribed(target)
    return Call(f"{path}/secret", who)


async def send_test(target: Target) -> Call:
    who, path = await _subscribed(target)
    return Call(f"{path}/test", who)


async def replay(target: Target) -> Call:
    who, path = await _subscribed(target)
    told = (await target.world.file(who, channel="HEALTH_DEPT", applicant=_applicant(target))).json()
    await apply(target.world, routed(UUID(told["appeal_id"])))
    await jobs.assign_positions(target.parts)
    target.world.clock.advance(timedelta(seconds=1))
    return Call(f"{path}/replay", who, json={"since": "2026-01-01T00:00:00Z"})


async def call_events(target: Target) -> Call:
    return Call(
        "/intake/v1/channels/phone/calls", target.world.token("telephony"), json=[event("offered", 0, call=f"call-{target.number()}")]
    )


async def keypad(target: Target) -> Call:
    case = await _filed(target)
    keyed = {"number": case.number.replace("-", ""), "pin": case.pin, "from": "+77010000001"}
    return Call("/intake/v1/channels/phone/status", target.world.token("telephony"), json=keyed)


async def telegram(target: Target) -> Call:
    update = Phone(7_700_000_000 + target.number(), ids=iter([target.number()])).writes("Жүрек ауырады")
    return Call("/intake/v1/channels/telegram/webhook", {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}, json=update)


def _sms(path: str, content: dict[str, str], target: Target) -> Call:
    raw = json.dumps(content).encode()
    headers = {"Content-Type": "application/json", **sign_headers(SMS_SECRET, str(uuid4()), raw, target.world.clock.now())}
    return Call(f"/intake/v1/channels/sms/{path}", headers, content=raw)


async def sms_receipt(target: Target) -> Call:
    return _sms("receipts", {"id": str(uuid4()), "status": "DELIVERED"}, target)


async def sms_inbound(target: Target) -> Call:
    return _sms("inbound", {"from": f"+7701000{target.number():04}", "text": "1"}, target)


async def begin_upload(_target: Target) -> Call:
    return Call(UPLOADS, json={"length": 10, "name": "анықтама.txt"})


async def _begun(target: Target) -> tuple[str, dict[str, str]]:
    begun = (await target.clients[0].post(UPLOADS, json={"length": 10})).json()
    return f"{UPLOADS}/{begun['upload_id']}", {"Upload-Token": begun["token"]}


async def append_piece(target: Target) -> Call:
    path, held = await _begun(target)
    return Call(path, held | PIECE, content=b"Hello")


async def cancel_upload(target: Target) -> Call:
    path, held = await _begun(target)
    return Call(path, held)


async def ask_new_pin(target: Target) -> Call:
    phone = _applicant(target)["phone"]
    case = Case(target.world, (await target.world.file(applicant={"phone": phone})).json())
    assert (await case.do("contact-confirmation", {"code": await case.code()})).status_code == 201
    return Call("/intake/v1/pin-recovery", json={"number": case.number, "contact": phone})


async def confirm_new_pin(target: Target) -> Call:
    asking = await ask_new_pin(target)
    assert (await target.clients[0].post(asking.path, json=asking.json)).status_code == 202
    rows = [row for row in await target.world.rows(Notification) if row.secret and row.fact == "pin-code"]
    latest = max(rows, key=lambda row: str(row.id))
    code = target.parts.sealer.open("notice", latest.id, "secret", latest.secret).decode()
    return Call("/intake/v1/pin-recovery/confirmation", json={"number": asking.json["number"], "code": code})


def _about_offer(call: str, field: str, answer: str) -> Prepare:
    async def prepare(target: Target) -> Call:
        case = Offered(target.world, (await target.world.file(applicant=_applicant(target))).json())
        if call == "proposal-answers":
            offer_id = await case.proposed()
        elif call == "consent-answers":
            offer_id = await case.consent_requested()
        else:
            await case.due(offer_id := await case.promised())
        return Call(f"{APPEALS}/{case.number}/{call}", {"Appeal-Pin": case.pin}, json={field: str(offer_id), answer: True})

    return prepare


async def withdraw_consent(target: Target) -> Call:
    consents = ["PROCESSING", "DISCLOSE_TO_PROVIDER"]
    case = Case(target.world, (await target.world.file(applicant=_applicant(target), consents=consents)).json())
    return Call(f"{APPEALS}/{case.number}/consent-withdrawal", {"Appeal-Pin": case.pin}, json={})


async def rate_provider(target: Target) -> Call:
    number = target.number()
    await apply(target.world, recorded(UUID(int=number)))
    headers = target.world.token("applicant", subject=f"resident-{number}")
    return Call("/intake/v1/ratings", headers, json={"provider_id": str(UUID(int=number)), "score": 4, "aspects": {"ACCESS": 2}})


async def ask_rating_code(target: Target) -> Call:
    return Call("/intake/v1/ratings/codes", json={"phone": f"8 702 000 {target.number():04}", "language": "kk"})


async def suggest_articles(target: Target) -> Call:
    await apply(target.world, article())
    return Call("/intake/v1/suggestions", json={"text": QUESTION, "language": "kk", "kind": "CONSULTATION"})


async def report_self_service(target: Target) -> Call:
    published = article(target.number())
    await apply(target.world, published)
    given = {"article_id": str(published.article_id), "channel": "APP", "region": "KZ-43", "language": "kk", "helped": True}
    return Call("/intake/v1/self-service", json=given)


RECIPES: Recipes = {
    ("post", "/intake/v1/suggestions"): Recipe(suggest_articles, Kind.READ, ALWAYS_SEEN, own_fields=frozenset({"ticket"})),
    ("post", "/intake/v1/self-service"): Recipe(report_self_service),
    ("post", "/intake/v1/pin-recovery"): Recipe(ask_new_pin),
    ("post", "/intake/v1/pin-recovery/confirmation"): Recipe(confirm_new_pin),
    ("post", "/intake/v1/ratings"): Recipe(rate_provider),
    ("post", "/intake/v1/ratings/codes"): Recipe(ask_rating_code),
    ("post", APPEALS): Recipe(register),
    ("post", "/intake/v1/imports"): Recipe(import_register),
    ("post", "/intake/v1/imports/open"): Recipe(import_open_appeals),
    ("post", "/intake/v1/imports/{import_id}/actions/undo"): Recipe(undo_open_import),
    ("post", "/intake/internal/v1/contents"): Recipe(read_contents, Kind.READ, ALWAYS_SEEN),
    ("post", "/intake/internal/v1/lookups"): Recipe(look_up, Kind.READ, ALWAYS_SEEN),
    ("post", "/intake/internal/v1/attachments"): Recipe(read_file, Kind.READ, ALWAYS_SEEN),
    ("post", f"{APPEALS}/{{number}}/messages"): Recipe(_by_applicant("messages", {"text": WORDS})),
    ("post", f"{APPEALS}/{{number}}/attachments"): Recipe(attach),
    ("post", f"{APPEALS}/{{number}}/verification"): Recipe(_by_applicant("verification", {"purpose": "withdrawal"})),
    ("post", f"{APPEALS}/{{number}}/contact-confirmation"): Recipe(_by_applicant("contact-confirmation", _contact_code)),
    ("post", f"{APPEALS}/{{number}}/withdrawal"): Recipe(_by_applicant("withdrawal", _withdrawal_code, state="routed")),
    ("post", f"{APPEALS}/{{number}}/confirmation"): Recipe(
        _by_applicant("confirmation", {"outcome": "NOT_RESOLVED", "reason": WORDS}, state="answered")
    ),
    ("post", f"{APPEALS}/{{number}}/feedback"): Recipe(_by_applicant("feedback", {"score": 5, "comment": WORDS}, state="answered")),
    ("post", f"{APPEALS}/{{number}}/proposal-answers"): Recipe(_about_offer("proposal-answers", "proposal_id", "confirmed")),
    ("post", f"{APPEALS}/{{number}}/commitment-answers"): Recipe(_about_offer("commitment-answers", "commitment_id", "kept")),
    ("post", f"{APPEALS}/{{number}}/consent-answers"): Recipe(_about_offer("consent-answers", "request_id", "given")),
    ("post", f"{APPEALS}/{{number}}/consent-withdrawal"): Recipe(withdraw_consent),
    ("post", f"{APPEALS}/{{number}}/reopening"): Recipe(_by_applicant("reopening", {"reason": WORDS}, state="answered")),
    ("post", "/intake/v1/withdrawals/{appeal_id}/call-back"): Recipe(call_back),
    ("post", SUBSCRIPTIONS): Recipe(subscribe),
    ("delete", f"{SUBSCRIPTIONS}/{{subscription_id}}"): Recipe(unsubscribe),
    ("post", f"{SUBSCRIPTIONS}/{{subscription_id}}/secret"): Recipe(renew_secret),
    ("post", f"{SUBSCRIPTIONS}/{{subscription_id}}/replay"): Recipe(replay),
    ("post", f"{SUBSCRIPTIONS}/{{subscription_id}}/test"): Recipe(send_test, stores=False),
    ("post", "/intake/v1/channels/phone/calls"): Recipe(call_events),
    ("post", "/intake/v1/channels/phone/status"): Recipe(keypad, Kind.READ),
    ("post", "/intake/v1/channels/telegram/webhook"): Recipe(telegram, Kind.MESSAGE),
    ("post", "/intake/v1/channels/sms/receipts"): Recipe(sms_receipt, Kind.MESSAGE),
    ("post", "/intake/v1/channels/sms/inbound"): Recipe(sms_inbound, Kind.MESSAGE),
    ("post", UPLOADS): Recipe(begin_upload),
    ("patch", f"{UPLOADS}/{{upload_id}}"): Recipe(append_piece),
    ("delete", f"{UPLOADS}/{{upload_id}}"): Recipe(cancel_upload),
}
