"""A valid request for every writing operation of provider-contact."""

from collections.abc import Mapping
from uuid import uuid4

from shared.contracts import CommitmentMade, InquirySent, ProposalAnswered, SolutionProposed
from shared.ids import derived
from tests.provider_contact.conftest import BINS, appeal_id, registered, routed, sheet
from tests.security.concurrency import Call, Kind, Prepare, Recipe, Recipes, Target

PREFIX = "/provider-contact"
ACTIONS = f"{PREFIX}/v1/inquiries/{{inquiry_id}}/actions"


def _inquiry(action: str, *, discloses: bool = True, **fields) -> Prepare:
    async def prepare(target: Target) -> Call:
        number, provider_id = target.number(), uuid4()
        await target.world.consume(registered(number, provider_id=provider_id, discloses_to_provider=discloses))
        await target.world.consume(routed(number))
        inquiry_id = (await target.world.emitted(InquirySent))[-1].inquiry_id
        who = target.world.token("provider", provider_id=provider_id, subject="p")
        return Call(f"{PREFIX}/v1/inquiries/{inquiry_id}/actions/{action}", who, json={"expected_version": 1, **fields})

    return prepare


ANSWER = {"language": "kk", "code": "EXPLANATION", "text": "Пациент қабылданды."}
TIME = {"until": "2026-02-16", "reason": "Құжат күтілуде"}
REMARK = "Тіркеу бөлімімен сөйлестік"
CONSENT = ("ask-consent", {"reason": REMARK})
STATEMENT = {"language": "kk", "text": "Пациент бейсенбіге жазылды."}


def _by_staff(action: str, *before: tuple[str, Mapping[str, str]], discloses: bool = True, **fields: object) -> Prepare:
    """Return the call of a clerk, after what the provider has done before."""

    async def prepare(target: Target) -> Call:
        number, provider_id, version = target.number(), uuid4(), 1
        await target.world.consume(registered(number, provider_id=provider_id, discloses_to_provider=discloses))
        await target.world.consume(routed(number))
        path = f"{PREFIX}/v1/inquiries/{(await target.world.emitted(InquirySent))[-1].inquiry_id}/actions"
        for done, given in before:
            who = target.world.token("provider", provider_id=provider_id, subject="p")
            answer = await target.clients[0].post(f"{path}/{done}", headers=who, json={"expected_version": version, **given})
            assert answer.is_success, answer.text
            version += 1
        clerk = target.world.token("specialist", region="KZ-43", subject="s")
        return Call(f"{path}/{action}", clerk, json={"expected_version": version, **fields})

    return prepare


def _by_checker(*, of_inquiry: bool) -> Prepare:
    """Return the call of a clerk who has asked an applicant by telephone about a confirmed proposal."""

    async def prepare(target: Target) -> Call:
        number, provider_id, world = target.number(), uuid4(), target.world
        await world.consume(registered(number, provider_id=provider_id))
        await world.consume(routed(number))
        path = f"{PREFIX}/v1/inquiries/{(await world.emitted(InquirySent))[-1].inquiry_id}"
        who = world.token("provider", provider_id=provider_id, subject="p")
        made = await target.clients[0].post(f"{path}/actions/propose", headers=who, json={"expected_version": 1, **STATEMENT})
        assert made.is_success, made.text
        proposal_id = (await world.emitted(SolutionProposed))[-1].proposal_id
        await world.consume(ProposalAnswered(appeal_id=appeal_id(number), proposal_id=proposal_id, confirmed=True, method="APP"))
        clerk = world.token("specialist", region="KZ-43", subject="s")
        if not of_inquiry:
            found = {"result": "REFUTED", "text": REMARK}
            return Call(f"{PREFIX}/v1/checks/{derived(proposal_id, 'check')}/actions/verify", clerk, json=found)
        named = {"expected_version": 3, "proposal_id": str(proposal_id), "result": "REFUTED", "text": REMARK}
        return Call(f"{path}/actions/verify", clerk, json=named)

    return prepare


async def excuse(target: Target) -> Call:
    call = await _inquiry("promise", **STATEMENT, due_on="2026-02-12")(target)
    made = await target.clients[0].post(call.path, headers=call.headers, json=call.json)
    assert made.is_success, made.text
    commitment_id = str((await target.world.emitted(CommitmentMade))[-1].commitment_id)
    clerk = target.world.token("specialist", region="KZ-43", subject="s")
    fields = {"expected_version": 2, "commitment_id": commitment_id, "reason": "FORCE_MAJEURE"}
    return Call(call.path.replace("/promise", "/excuse"), clerk, json=fields)


async def import_providers(target: Target) -> Call:
    line = {"bin": BINS[10 + target.number()], "name_ru": f"Поликлиника №{target.number()}"}
    headers = target.world.token("admin") | {"Content-Type": "text/csv; charset=utf-8"}
    return Call(f"{PREFIX}/v1/providers/imports", headers, content=sheet(line).encode())


async def import_contacts(target: Target) -> Call:
    return _import_of(target, "contacts", f"body,region,role,email\r\nHEALTH_DEPARTMENT,KZ-43,RECEPTION,n{target.number()}@kz43.example")


async def import_doctors(target: Target) -> Call:
    row = f"{BINS[0]},,Сынак Даригер {target.number()},Кардиолог"
    return _import_of(target, "doctors", f"bin,full_name_kk,full_name_ru,speciality\r\n{row}")


def _import_of(target: Target, kind: str, document: str) -> Call:
    headers = target.world.token("admin") | {"Content-Type": "text/csv; charset=utf-8"}
    return Call(f"{PREFIX}/v1/{kind}/imports", headers, content=document.encode())


async def replace_manager(target: Target) -> Call:
    """A request about an organisation of its own, which has no manager yet."""
    number = target.number()
    line = {"bin": BINS[10 + number], "name_ru": f"Поликлиника №{number}"}
    headers = target.world.token("admin") | {"Content-Type": "text/csv; charset=utf-8"}
    added = await target.world.client.post(f"{PREFIX}/v1/providers/imports", headers=headers, content=sheet(line).encode())
    provider_id = added.json()["report"][0]["provider_id"]
    named = {"name": "Сынақ Жетекші", "email": f"manager{number}@emhana.example"}
    return Call(f"{PREFIX}/v1/providers/{provider_id}/manager", target.world.token("admin"), json=named)


async def undo_import(target: Target) -> Call:
    call = await import_contacts(target)
    answer = await target.world.client.post(call.path, headers=call.headers, content=call.content)
    return Call(f"{PREFIX}/v1/imports/{answer.json()['import_id']}/actions/undo", target.world.token("admin"), json={})


async def _waiting(target: Target) -> int:
    number = target.number()
    target.world.intake.names(number, "біздің аурухана")
    await target.world.consume(registered(number, provider_named=True))
    await target.world.consume(routed(number))
    return number


async def dismiss(target: Target) -> Call:
    who = target.world.token("specialist", region="KZ-43", subject="s")
    return Call(f"{PREFIX}/v1/matches/{appeal_id(await _waiting(target))}/actions/none", who, json={})


async def choose(target: Target) -> Call:
    number = await _waiting(target)
    chosen = next(iter((await target.world.providers()).values()))
    who = target.world.token("specialist", region="KZ-43", subject="s")
    return Call(f"{PREFIX}/v1/matches/{appeal_id(number)}/actions/choose", who, json={"provider_id": str(chosen)})


async def read_contents(target: Target) -> Call:
    asked = {"ids": [str(uuid4())], "purpose": "desk", "on_behalf_of": "somebody"}
    return Call(f"{PREFIX}/internal/v1/contents", target.world.token("service", subject="routing"), json=asked)


WEBHOOK = f"{PREFIX}/v1/webhook"
HOOK = "http://127.0.0.1:9/hook"


def _webhook(path: str = "", *, is_made: bool = True, **body) -> Prepare:
    """A request about the webhook of a provider of its own. Nothing listens at its address."""

    async def prepare(target: Target) -> Call:
        who = target.world.token("provider", provider_id=uuid4(), subject="system")
        if is_made:
            made = await target.clients[0].put(WEBHOOK, headers=who, json={"url": HOOK})
            assert made.status_code == 200, made.text
        return Call(f"{WEBHOOK}{path}", who, json=body)

    return prepare


async def upload_file(target: Target) -> Call:
    """A small text for an inquiry of a provider of its own."""
    call = await _inquiry("respond", **ANSWER)(target)
    headers = {**call.headers, "Content-Type": "text/plain"}
    return Call(call.path.replace("/actions/respond", "/files"), headers, content=b"Register of 2 February")


async def read_answer_file(target: Target) -> Call:
    """The bytes of a file that was sent with an answer."""
    upload = await upload_file(target)
    added = await target.clients[0].post(upload.path, headers=upload.headers, content=upload.content)
    assert added.status_code == 201, added.text
    file_id, who = added.json()["file_id"], {name: value for name, value in upload.headers.items() if name != "Content-Type"}
    answer = {"expected_version": 1, **ANSWER, "attachments": [file_id]}
    sent = await target.clients[0].post(upload.path.replace("/files", "/actions/respond"), headers=who, json=answer)
    assert sent.status_code == 200, sent.text
    asked = {"appeal_id": sent.json()["appeal_id"], "attachment_id": file_id, "purpose": "desk-attachment", "on_behalf_of": "somebody"}
    return Call(f"{PREFIX}/internal/v1/attachments", target.world.token("service", subject="routing"), json=asked)


RECIPES: Recipes = {
    ("post", f"{PREFIX}/v1/providers/imports"): Recipe(import_providers),
    ("post", f"{PREFIX}/v1/providers/{{provider_id}}/manager"): Recipe(replace_manager),
    ("post", f"{PREFIX}/v1/contacts/imports"): Recipe(import_contacts),
    ("post", f"{PREFIX}/v1/doctors/imports"): Recipe(import_doctors),
    ("post", f"{PREFIX}/v1/imports/{{import_id}}/actions/undo"): Recipe(undo_import),
    ("post", f"{ACTIONS}/acknowledge"): Recipe(_inquiry("acknowledge")),
    ("post", f"{ACTIONS}/respond"): Recipe(_inquiry("respond", language="kk", code="RESOLVED", text="Пациент қабылданды.")),
    ("post", f"{ACTIONS}/propose"): Recipe(_inquiry("propose", **STATEMENT)),
    ("post", f"{ACTIONS}/promise"): Recipe(_inquiry("promise", **STATEMENT, due_on="2026-02-12")),
    ("post", f"{ACTIONS}/verify"): Recipe(_by_checker(of_inquiry=True)),
    ("post", f"{ACTIONS}/excuse"): Recipe(excuse),
    ("post", f"{PREFIX}/v1/checks/{{check_id}}/actions/verify"): Recipe(_by_checker(of_inquiry=False)),
    ("post", f"{ACTIONS}/ask-time"): Recipe(_inquiry("ask-time", **TIME)),
    ("post", f"{ACTIONS}/ask-consent"): Recipe(_inquiry("ask-consent", discloses=False, reason=REMARK)),
    ("post", f"{ACTIONS}/request-consent"): Recipe(_by_staff("request-consent", CONSENT, discloses=False)),
    ("post", f"{ACTIONS}/decline-consent"): Recipe(_by_staff("decline-consent", CONSENT, discloses=False)),
    ("post", f"{ACTIONS}/accept"): Recipe(_by_staff("accept", ("respond", ANSWER))),
    ("post", f"{ACTIONS}/return"): Recipe(_by_staff("return", ("respond", ANSWER), reason="UNCLEAR", text="Қай күні?")),
    ("post", f"{ACTIONS}/remind"): Recipe(_by_staff("remind")),
    ("post", f"{ACTIONS}/record-call"): Recipe(_by_staff("record-call", spoken_to="Сынақ", position="тіркеуші", text=REMARK)),
    ("post", f"{ACTIONS}/grant-time"): Recipe(_by_staff("grant-time", ("ask-time", TIME))),
    ("post", f"{ACTIONS}/refuse-time"): Recipe(_by_staff("refuse-time", ("ask-time", TIME))),
    ("post", f"{ACTIONS}/escalate-to"): Recipe(_by_staff("escalate-to", body="HEALTH_DEPARTMENT")),
    ("post", f"{ACTIONS}/share-documents"): Recipe(_by_staff("share-documents", attachments=[str(uuid4())])),
    ("post", f"{PREFIX}/v1/inquiries/{{inquiry_id}}/files"): Recipe(upload_file),
    ("post", f"{PREFIX}/internal/v1/attachments"): Recipe(read_answer_file, Kind.READ, frozenset({"content_read"})),
    ("post", f"{ACTIONS}/cancel"): Recipe(_by_staff("cancel", reason="MISTAKE")),
    ("post", f"{PREFIX}/v1/matches/{{appeal_id}}/actions/choose"): Recipe(choose),
    ("post", f"{PREFIX}/v1/matches/{{appeal_id}}/actions/none"): Recipe(dismiss),
    ("put", WEBHOOK): Recipe(_webhook(is_made=False, url=HOOK)),
    ("delete", WEBHOOK): Recipe(_webhook()),
    ("post", f"{WEBHOOK}/secret"): Recipe(_webhook("/secret")),
    ("post", f"{WEBHOOK}/test"): Recipe(_webhook("/test"), stores=False),
    ("post", f"{WEBHOOK}/replay"): Recipe(_webhook("/replay", days=1), stores=False),
    ("post", f"{PREFIX}/internal/v1/contents"): Recipe(read_contents, Kind.READ, frozenset({"content_read"})),
}
