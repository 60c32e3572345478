"""Citizen A with B's number, PIN-less, in any place: gets what there is for an id that stands for nothing, and so not even existence.

Generated from every operation of every service's document: each is called twice alike, with B's ids and with ids that nobody has.
"""

import re
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import openapi
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode

from suite import process
from suite.process import UNLIMITED
from tests.e2e.conftest import People
from tests.e2e.shapes import SERVICES

EXAMPLES = 4  # bodies for each operation; the ids are what varies
PUBLIC = {"kpi_id": "received", "code": "COMPLAINT", "provider_id": "018f0000-0000-7000-8000-0000000000aa"}  # anybody may know these
UNKNOWN = "018f0000-0000-7000-8000-00000000{:04x}"
APPEAL = {
    "channel": "APP",
    "language": "ru",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Отказали в приёме терапевта.",
    "applicant": {"full_name": "Сынақ Азамат", "phone": "+77010000000"},
    "consents": ["PROCESSING"],
}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    patient = {
        "ARYZ_INTAKE_WRONG_PINS_FREE": "1000000",
        "ARYZ_INTAKE_WRONG_PINS_PER_ADDRESS": "1000000",
        "ARYZ_INTAKE_WEBHOOKS_TO_LOOPBACK": "1",
    }
    with (
        process.running(tmp_path_factory.mktemp("strangers"), environment={**UNLIMITED, **patient}) as suite,
        httpx.Client(base_url=suite.url, timeout=30, trust_env=False) as http,
    ):
        yield People(suite, http)


@pytest.fixture(scope="module")
def theirs(people, eventually):
    """What B has, by the name under which a call asks for it."""
    told = people.post("/intake/v1/appeals", APPEAL, "applicant", subject="citizen-b")
    file = {"file": ("a.txt", "Анықтама".encode(), "text/plain")}
    sent = people.http.post(f"/intake/v1/appeals/{told['number']}/attachments", files=file, headers={"Appeal-Pin": told["pin"]})
    case = f"/routing/v1/cases/{told['appeal_id']}"
    eventually(lambda: people.get(case, "specialist", region="KZ-43").is_success)
    found = {"number": told["number"], "appeal_id": told["appeal_id"]}
    assert sent.is_success, sent.text
    hook = people.post("/intake/v1/subscriptions", {"url": "http://127.0.0.1:9/b"}, "partner", subject="partner-b")
    ids = {name: value for made in (sent.json(), hook) for name, value in made.items() if name.endswith("_id")}
    assert ids.keys() >= {"attachment_id", "subscription_id"}
    return {**ids, **found}


@pytest.fixture(scope="module")
def strangers(people):
    """Who asks: nobody, A by token, A with the PIN of an appeal of A's own, A's partner and A's provider."""
    own = people.post("/intake/v1/appeals", APPEAL, "applicant", subject="citizen-a")
    token = people.bearer("applicant", subject="citizen-a")
    return [
        {},
        token,
        {"Appeal-Pin": own["pin"]},
        {**token, "Appeal-Pin": own["pin"]},
        people.bearer("partner", subject="stranger"),
        people.bearer("provider", provider_id=UUID(PUBLIC["provider_id"])),
        people.bearer("specialist", region="KZ-75"),
        people.bearer("analyst"),
    ]


def names_of(path):
    return re.findall(r"{(\w+)}", path)


def without_files(document):
    """Take the bodies that are no JSON out of the document; gives a media type of each, by method and path."""
    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            kinds = operation.get("requestBody", {}).get("content", {})
            if kinds and "application/json" not in kinds:
                del operation["requestBody"]
                found[method, path] = next((one for one in kinds if not one.startswith("multipart/")), next(iter(kinds)))
    return found


def asks_for_somebodys(operation):
    in_body = '"uuid"' in str(operation.definition.raw.get("requestBody", "")).replace("'", '"')
    return in_body or any(name not in PUBLIC for name in names_of(operation.path))


def filled(value, ids, name="appeal_id"):
    """A generated body with every id in it put in place of the generated one."""
    if isinstance(value, dict):
        return {key: filled(inner, ids, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids, name) for inner in value]
    if name in ids:
        return ids[name]
    return (
        ids["appeal_id"] if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) else value
    )


def said(answer):
    """What an answer tells: its status and its words; two that succeed may differ in what was made."""
    return answer.status_code, None if answer.is_success else answer.content


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_anothers_answers_as_what_does_not_exist(people, theirs, strangers, service):
    document = people.get(f"/{service}/openapi.json").json()
    files = without_files(document)
    tried = [one.ok() for one in openapi.from_dict(document).get_all_operations()]
    for operation in filter(asks_for_somebodys, tried):
        _alike(people, operation, theirs, strangers, files.get((operation.method.lower(), operation.path)))


def _alike(people, operation, theirs, strangers, media_type):
    names = names_of(operation.path)
    unknown = {name: UNKNOWN.format(place) for place, name in enumerate({*names, *theirs})} | {"number": "2026-43-9999999-6"}
    real, none = [{**unknown, **PUBLIC, **theirs}, {**unknown, **PUBLIC}]
    assert set(names) <= set(none)

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(GenerationMode.POSITIVE, path_parameters={name: none[name] for name in names} or None))
    def alike(case):
        body = None if isinstance(case.body, NotSet) or not isinstance(case.body, (dict, list)) else case.body
        for headers in strangers:
            answers = [
                people.http.request(
                    case.method,
                    operation.path.format(**{name: ids[name] for name in names}),
                    headers={**headers, "Content-Type": media_type} if media_type else headers,
                    content=b"x" if media_type else None,
                    json=None if body is None else filled(body, ids),
                )
                for ids in (real, none)
            ]
            assert said(answers[0]) == said(answers[1]), f"{case.method} {operation.path} tells the two apart: {answers[0].text}"
            assert not any(value in answers[0].text for name, value in theirs.items() if name not in PUBLIC), operation.path

    alike()
