"""Each role makes the calls that it needs, and no other: every operation and page of the suite, asked as everybody."""

import pytest

from intake.register.service.contents import PURPOSES
from provider_contact.inquiries.policy import content_purposes as providers_purposes
from routing.cases.policy import content_purposes as desks_purposes
from shared.auth import ROLES
from suite.app import create_suite
from tests.security.roles import APPEAL, CLAIMS, COLUMNS, NOBODY, PASSES, SIGN_IN, calls_of, expected, verdict

OPEN = {"worker": False, "anonymous_per_minute": 0, "partner_per_minute": 0, "sms_secret": "whsec_" + "QUFB" * 8}


@pytest.fixture
async def suite(tmp_path):
    suite = create_suite(tmp_path, **OPEN)
    async with suite.running():
        yield suite


def bearer(suite, role, **claims):
    return {"Authorization": f"Bearer {suite.foundation.issuer.issue(role, **claims)}"}


class TestEveryCall:
    def test_the_matrix_has_a_column_for_every_role(self):
        assert {role for role, _ in CLAIMS.values()} == ROLES

    async def test_every_call_answers_every_role_as_the_matrix_says(self, suite):
        """A call without a row fails here: decide who may make it, and write the row."""
        right, calls = expected(), list(calls_of(suite))
        assert {call.key for call in calls} == right.keys()
        tokens = {name: suite.foundation.issuer.issue(role, **claims) for name, (role, claims) in CLAIMS.items()}
        wrong = []
        for call in calls:
            for column in COLUMNS:
                found = await verdict(suite, call, tokens.get(column))
                if found != right[call.key][column]:
                    wrong.append(f"{call.name} {call.variant} as {column}: {found}, not {right[call.key][column]}")
        assert not wrong, "\n".join(wrong)

    async def test_the_documents_say_where_a_token_is_needed_and_where_it_is_optional(self, suite):
        right = expected()
        for app in suite._apps.values():
            for path, item in app.openapi()["paths"].items():
                for method, operation in item.items():
                    name = f"{method.upper()} {path}"
                    said, row = operation["security"], right[name, ""]
                    if not any("bearer" in choice for choice in said):
                        assert said or set(row.values()) == {PASSES}, name  # `said` names another secret than a token
                        assert len(set(row.values())) == 1, name  # whoever asks: the token is not looked at
                    else:
                        assert said == ([{"bearer": []}] if row[NOBODY] == "401" else [{}, {"bearer": []}]), name


class TestTheMatrix:
    """What a reviewer would look for in it."""

    def test_a_telephone_exchange_makes_its_two_calls_and_reads_what_is_public(self):
        own = {"POST /intake/v1/channels/phone/calls", "POST /intake/v1/channels/phone/status"}
        for (name, variant), row in expected().items():
            if name in own:
                assert {column for column in COLUMNS if row[column] == "+"} == {"telephony"}, name
            elif row["telephony"] == "+":
                assert row[NOBODY] == "+", (name, variant)

    def test_a_service_reads_contents_and_what_is_public(self):
        for (name, variant), row in expected().items():
            if "/internal/" in name:
                assert {column for column in COLUMNS if row[column] == "+"} == {"service"}, name
            elif row["service"] == "+":
                assert row[NOBODY] == "+", (name, variant)

    def test_pages_are_for_people(self):
        for (name, variant), row in expected().items():
            if row[NOBODY] == SIGN_IN:
                assert {row[column] for column in ("applicant", "channel", "telephony", "partner", "service")} == {"403"}, (name, variant)


class TestMachines:
    @pytest.mark.parametrize("role", ["telephony", "service"])
    async def test_a_confined_machine_registers_nothing_and_opens_no_case_even_with_the_pin(self, suite, http, role):
        receipt = (await http.post("/intake/v1/appeals", json=APPEAL)).json()
        headers = bearer(suite, role)
        assert (await http.post("/intake/v1/appeals", json=APPEAL, headers=headers)).json()["code"] == "forbidden"
        tracked = await http.get(f"/intake/v1/appeals/{receipt['number']}", headers=headers | {"Appeal-Pin": receipt["pin"]})
        assert tracked.json()["code"] == "forbidden"

    async def test_an_applications_backend_posts_no_call_events(self, suite, http):
        for subject in ("app", "kiosk"):
            headers = bearer(suite, "channel", subject=subject)
            assert (await http.post("/intake/v1/channels/phone/calls", json=[], headers=headers)).status_code == 403

    @pytest.mark.parametrize(
        ("owner", "purposes"),
        [("intake", PURPOSES), ("routing", desks_purposes()), ("provider-contact", providers_purposes())],
    )
    async def test_each_service_reads_for_its_own_purposes_alone(self, suite, http, owner, purposes):
        for purpose, rule in purposes.items():
            for reader in ("intake", "routing", "provider-contact", "analytics", "stranger"):
                asked = {"ids": [], "purpose": purpose, "on_behalf_of": "clerk"}
                answer = await http.post(f"/{owner}/internal/v1/contents", json=asked, headers=bearer(suite, "service", subject=reader))
                assert answer.status_code == (200 if reader in rule.readers else 403), (purpose, reader)
                person = await http.post(f"/{owner}/internal/v1/contents", json=asked, headers=bearer(suite, "admin", subject=reader))
                assert person.status_code == 403, (purpose, reader)
