"""Each service's own document: valid, and true of what the service answers, whatever is sent."""

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import openapi
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from intake.attachments.policy import kinds
from suite import process
from tests.e2e.shapes import SERVICES
from tests.telegram_double import SECRET, TelegramDouble

APPEAL = {
    "language": "ru",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "provider": {"name": "902 емхана"},
    "text": "Отказали в приёме терапевта.",
    "applicant": {"full_name": "Сынақ Азамат", "phone": "+77010000000"},
    "consents": ["PROCESSING"],
}
DIRECTORY = (
    "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
    "990140010202,Сынақ № 902 емханасы,Тестовая поликлиника № 902,№ 902 ҚЕ,902 емхана,KZ-43,,POLYCLINIC,STATE,p902@example.org,\n"
)
HOOK = "http://127.0.0.1:9/openapi"
OPEN = process.UNLIMITED | {
    "ARYZ_INTAKE_WRONG_PINS_FREE": "1000000",
    "ARYZ_INTAKE_WRONG_PINS_PER_ADDRESS": "1000000",
    "ARYZ_INTAKE_UPLOADS_PER_MINUTE": "0",
    "ARYZ_INTAKE_PARTNER_PER_MINUTE": "0",
    "ARYZ_INTAKE_WEBHOOKS_TO_LOOPBACK": "true",
}
BOT = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
FILER = {"subject": "openapi-citizen"}
# The stream does not end, so `/intake/v1/events` gets a token that it refuses; what SMS gateways call takes signatures of the body.
BINARY = ["application/partial-upload", *(kind.media_types[0] for kind in kinds().values())]
schemathesis.serializer.alias(BINARY, "application/octet-stream")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = {GenerationMode.POSITIVE: 25, GenerationMode.NEGATIVE: 15}  # for each operation
WHO = {  # the beginning of a path, or of a method and a path, the longest first: who may call it
    "/intake/v1/appeals/{number}/notices": "supervisor",
    "/intake/v1/appeals/{number}": "applicant",
    "get /intake/v1/appeals": "applicant",
    "/intake/v1/appeals": "channel",
    "/intake/v1/uploads": "applicant",
    "/intake/v1/imports": "admin",
    "/intake/v1/updates": "partner",
    "/intake/v1/subscriptions": "partner",
    "/intake/v1/forwardings": "partner",
    "/intake/v1/withdrawals": "supervisor",
    "/intake/v1/receptions": "operator",
    "/intake/v1/channels/phone": "telephony",
    "/routing/v1": "supervisor",
    "/provider-contact/v1/providers/imports": "admin",
    "/provider-contact/v1/inquiries": "provider",
    "/provider-contact/v1": "supervisor",
    "/analytics/v1": "analyst",
}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """Without limits on how often somebody asks, which would be all that is met."""
    with (
        TelegramDouble() as telegram,
        process.running(tmp_path_factory.mktemp("suite"), environment=OPEN | telegram.environment) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def known(people, eventually):
    """Ids that exist, so that generated calls reach more than 404; and the provider that the inquiry went to."""
    imported = people.http.post(
        "/provider-contact/v1/providers/imports",
        content=DIRECTORY.encode(),
        headers={**people.bearer("admin"), "Content-Type": "text/csv"},
    )
    assert imported.json()["imported"] == 1, imported.text
    receipt = people.post("/intake/v1/appeals", APPEAL, "applicant", **FILER)
    calls, mine = f"/intake/v1/appeals/{receipt['number']}/attachments", people.bearer("applicant", **FILER)
    attached = people.http.post(calls, content=b"Certificate", headers={**mine, "Content-Type": "text/plain"}).json()
    upload = people.post("/intake/v1/uploads", {"length": 2**20})
    hook = people.post("/intake/v1/subscriptions", {"url": HOOK}, "partner")
    inquiry = eventually(lambda: people.get("/provider-contact/v1/inquiries", "supervisor", region="KZ-43").json()["items"])[0]
    return {
        "appeal_id": receipt["appeal_id"],
        "number": receipt["number"],
        "attachment_id": attached["attachment_id"],
        "upload_id": upload["upload_id"],
        "upload_token": upload["token"],
        "subscription_id": hook["subscription_id"],
        "code": "COMPLAINT",
        "inquiry_id": inquiry["inquiry_id"],
        "kpi_id": "received",
        "provider_id": inquiry["provider_id"],
    }


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def _bearer(people, operation, provider_id):
    places = (operation.path, f"{operation.method} {operation.path}")
    role = next((role for start, role in WHO.items() if any(place.startswith(start) for place in places)), "service")
    claims = {"supervisor": {"region": "KZ-43"}, "provider": {"provider_id": provider_id}, "applicant": FILER}.get(role, {})
    return people.bearer(role, **claims)


@pytest.mark.parametrize("service", SERVICES)
class TestDocument:
    def test_it_is_a_valid_document_without_what_is_not_built(self, people, service):
        document = people.get(f"/{service}/openapi.json").json()
        openapi.from_dict(document).validate()
        assert document["openapi"].startswith("3.1")
        assert all(path.startswith((f"/{service}/v1/", f"/{service}/internal/")) for path in document["paths"])

    def test_whatever_is_sent_the_answer_is_as_the_document_says(self, people, service, known, session):
        schema = openapi.from_dict(people.get(f"/{service}/openapi.json").json())
        operations = [result.ok() for result in schema.get_all_operations()]
        for operation in sorted(operations, key=lambda one: one.method == "delete"):
            bearer = _bearer(people, operation, known["provider_id"]) | {"Upload-Token": known["upload_token"], **BOT}
            ids = {name: known[name] for name in known if f"{{{name}}}" in operation.path}
            takes_anything = "parameters" in operation.definition.raw or "requestBody" in operation.definition.raw
            for mode in EXAMPLES if takes_anything else [GenerationMode.POSITIVE]:
                strategy = operation.as_strategy(mode, path_parameters=ids or None)
                _check(strategy, EXAMPLES[mode], people.suite.url, bearer, session)


def _check(strategy, examples, url, bearer, session):
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def answered(case):
        response = case.call(base_url=url, headers=bearer, session=session)
        case.validate_response(response, checks=CHECKS)

    answered()
