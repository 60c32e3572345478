"""Citizen A with B's number, PIN-less, in any place: gets what there is for an id that stands for nothing, and so not even existence.

Generated from every operation of every service's document: each is called twice alike, with B's ids and with ids that nobody has, each id
also in the place of another. Lists are asked to go on from where the pages of B and of those who serve B end.
"""

import base64
import re
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import openapi
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode

from suite import process
from suite.process import UNLIMITED
from tests.e2e.conftest import People
from tests.e2e.shapes import SERVICES
from tests.patience import PATIENCE

EXAMPLES = 6  # bodies for each operation; the ids are what varies
HOOK = "http://127.0.0.1:9/b"
PUBLIC = {"kpi_id": "received", "code": "COMPLAINT", "provider_id": "018f0000-0000-7000-8000-0000000000aa"}  # anybody may know these
UUIDS = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DIRECTORY = """bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone
990140010301,Сынақ № 906 емханасы,Тестовая поликлиника № 906,№ 906 ҚЕ,906 емхана,KZ-43,,POLYCLINIC,STATE,p906@example.org,
"""
UNKNOWN = "018f0000-0000-7000-8000-00000000{:04x}"
APPEAL = {
    "channel": "APP",
    "language": "ru",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Отказали в приёме терапевта.",
    "provider": {"name": "906 емхана"},
    "applicant": {"full_name": "Сынақ Азамат", "phone": "+77010000000"},
    "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"],
}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    patient = {
        "ARYZ_INTAKE_WRONG_PINS_FREE": "1000000",
        "ARYZ_INTAKE_WRONG_PINS_PER_ADDRESS": "1000000",
        "ARYZ_INTAKE_WRONG_PINS_PER_NUMBER": "1000000",
        "ARYZ_INTAKE_PARTNER_PER_MINUTE": "0",
        "ARYZ_INTAKE_WEBHOOKS_TO_LOOPBACK": "1",
    }
    with (
        process.running(tmp_path_factory.mktemp("strangers"), environment={**UNLIMITED, **patient}) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        yield People(suite, http)


@pytest.fixture(scope="module")
def theirs(people, eventually):
    """What B has, by the name under which a call asks for it."""
    directory = {**people.bearer("admin"), "Content-Type": "text/csv"}
    imported = people.http.post("/provider-contact/v1/providers/imports", content=DIRECTORY.encode(), headers=directory)
    assert imported.json()["imported"] == 1, imported.text
    told = people.post("/intake/v1/appeals", APPEAL, "applicant", subject="citizen-b")
    calls, pin = f"/intake/v1/appeals/{told['number']}", {"Appeal-Pin": told["pin"]}
    sent = people.http.post(f"{calls}/attachments", files={"file": ("a.txt", "Анықтама".encode(), "text/plain")}, headers=pin)
    wrote = people.http.post(f"{calls}/messages", json={"text": "Толықтырамын."}, headers=pin)
    assert sent.is_success, sent.text
    assert wrote.is_success, wrote.text
    case = f"/routing/v1/cases/{told['appeal_id']}"
    eventually(lambda: people.get(case, "specialist", region="KZ-43").is_success)
    [inquiry] = eventually(lambda: people.get("/provider-contact/v1/inquiries", "specialist", region="KZ-43").json()["items"])
    return {
        "number": told["number"],
        "appeal_id": told["appeal_id"],
        "attachment_id": sent.json()["attachment_id"],
        "message_id": wrote.json()["message_id"],
        "inquiry_id": inquiry["inquiry_id"],
        "upload_id": people.post("/intake/v1/uploads", {"length": 1})["upload_id"],
        "subscription_id": people.post("/intake/v1/subscriptions", {"url": HOOK}, "partner", subject="partner-b")["subscription_id"],
    }


@pytest.fixture(scope="module")
def cursors(people, theirs, eventually):
    """Where the first pages end of what B, B's partner and the staff of B's region are shown."""
    citizen, partner, staff = {"subject": "citizen-b"}, {"subject": "partner-b"}, {"region": "KZ-43"}
    for _ in range(2):  # a page of one entry has another behind it
        people.post("/intake/v1/appeals", APPEAL, "applicant", **citizen)
        people.post("/intake/v1/appeals", APPEAL, "partner", **partner)
    asked = [
        ("/intake/v1/appeals", "applicant", citizen),
        ("/intake/v1/updates", "partner", partner),
        (f"/intake/v1/subscriptions/{theirs['subscription_id']}/deliveries", "partner", partner),
        ("/routing/v1/cases", "specialist", staff),
        ("/provider-contact/v1/inquiries", "specialist", staff),
    ]

    def end_of_page(path, role, claims):
        page = people.get(path, role, params={"limit": 1}, **claims).json()
        return page["items"] and page["next_cursor"]

    return [eventually(lambda one=one: end_of_page(*one)) for one in asked]


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


def filled(value, ids, usual, name=None):
    """A generated body with every id in it put in place of the generated one: the `usual` one where its name says nothing."""
    if isinstance(value, dict):
        return {key: filled(inner, ids, usual, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids, usual, name) for inner in value]
    if name in ids:
        return ids[name]
    return ids[usual] if isinstance(value, str) and UUIDS.fullmatch(value) else value


def nobodys(cursor):
    """The same place in a list, but of ids that nobody has."""
    values = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    return base64.urlsafe_b64encode(UUIDS.sub(UNKNOWN.format(0), values).encode()).rstrip(b"=").decode()


def outcome_of(answer):
    """Return the status of an answer, and its content if it is a refusal; two that succeed may differ in what was made."""
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
    @given(
        case=operation.as_strategy(GenerationMode.POSITIVE, path_parameters={name: none[name] for name in names} or None),
        usual=st.sampled_from(sorted(theirs.keys() - {"number"})),
        is_elsewhere=st.booleans(),
    )
    def alike(case, usual, is_elsewhere):
        """`is_elsewhere`: the usual id stands wherever an id of some kind is asked for."""
        standing = {name: usual if is_elsewhere and name not in {"number", *PUBLIC} else name for name in names}
        secrets = {name: value for name, value in (case.headers or {}).items() if name.startswith("Upload-")}
        body = None if isinstance(case.body, NotSet) or not isinstance(case.body, (dict, list)) else case.body
        for headers in strangers:
            answers = [
                people.http.request(
                    case.method,
                    operation.path.format(**{name: ids[one] for name, one in standing.items()}),
                    headers={**headers, **secrets, **({"Content-Type": media_type} if media_type else {})},
                    content=b"x" if media_type else None,
                    json=None if body is None else filled(body, ids, usual),
                )
                for ids in (real, none)
            ]
            assert outcome_of(answers[0]) == outcome_of(answers[1]), f"{case.method} {operation.path} differs: {answers[0].text}"
            assert not any(value in answers[0].text for name, value in theirs.items() if name not in PUBLIC), operation.path

    alike()


@pytest.mark.parametrize("service", SERVICES)
def test_where_anothers_page_ends_leads_to_nothing_of_theirs(people, theirs, strangers, cursors, service):
    document = people.get(f"/{service}/openapi.json").json()
    gets = {path: methods["get"] for path, methods in document["paths"].items() if "get" in methods}
    lists = [path for path, get in gets.items() if any(one["name"] == "cursor" for one in get.get("parameters", ()))]
    assert lists or service == "analytics"
    ids = {**PUBLIC, **theirs}
    for path in lists:
        for headers in strangers:
            for cursor in cursors:
                given = [{"cursor": one, "limit": 200} for one in (cursor, nobodys(cursor))]
                answers = [
                    people.http.get(path.format(**{name: ids[name] for name in names_of(path)}), params=one, headers=headers)
                    for one in given
                ]
                assert outcome_of(answers[0]) == outcome_of(answers[1]), f"{path} differs: {answers[0].text}"
                assert not any(value in answers[0].text for value in theirs.values()), path
