"""A valid request for every writing operation of provider-contact."""

from uuid import uuid4

from shared.contracts import InquirySent
from tests.provider_contact.conftest import BINS, appeal_id, registered, routed, sheet
from tests.security.concurrency import Call, Kind, Prepare, Recipe, Recipes, Target

PREFIX = "/provider-contact"
ACTIONS = f"{PREFIX}/v1/inquiries/{{inquiry_id}}/actions"


def _inquiry(action: str, **fields) -> Prepare:
    async def prepare(target: Target) -> Call:
        number, provider_id = target.number(), uuid4()
        await target.world.consume(registered(number, provider_id=provider_id))
        await target.world.consume(routed(number))
        inquiry_id = (await target.world.emitted(InquirySent))[-1].inquiry_id
        who = target.world.token("provider", provider_id=provider_id, subject="p")
        return Call(f"{PREFIX}/v1/inquiries/{inquiry_id}/actions/{action}", who, json={"expected_version": 1, **fields})

    return prepare


async def import_providers(target: Target) -> Call:
    line = {"bin": BINS[10 + target.number()], "name_ru": f"Поликлиника №{target.number()}"}
    headers = target.world.token("admin") | {"Content-Type": "text/csv; charset=utf-8"}
    return Call(f"{PREFIX}/v1/providers/imports", headers, content=sheet(line).encode())


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


RECIPES: Recipes = {
    ("post", f"{PREFIX}/v1/providers/imports"): Recipe(import_providers),
    ("post", f"{ACTIONS}/acknowledge"): Recipe(_inquiry("acknowledge")),
    ("post", f"{ACTIONS}/respond"): Recipe(_inquiry("respond", language="kk", code="RESOLVED", text="Пациент қабылданды.")),
    ("post", f"{PREFIX}/v1/matches/{{appeal_id}}/actions/choose"): Recipe(choose),
    ("post", f"{PREFIX}/v1/matches/{{appeal_id}}/actions/none"): Recipe(dismiss),
    ("post", f"{PREFIX}/internal/v1/contents"): Recipe(read_contents, Kind.READ, frozenset({"content_read"})),
}
