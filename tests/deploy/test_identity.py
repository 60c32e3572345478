"""deploy/identity/aryz-realm.json: no secret, no person, and what the product counts on."""

import json
import re
from pathlib import Path

import pytest
import yaml

from engines.keycloak import SECRETS, bring_keycloak
from engines.processes import EngineMissing
from shared.auth import ROLES
from shared.auth.tokens import LEEWAY, SERVICE_LIFE
from tests.deploy.policies import SERVICES

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture(scope="module")
def realm():
    return json.loads((DEPLOY / "identity/aryz-realm.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def clients(realm):
    return {client["clientId"]: client for client in realm["clients"]}


def test_secrets_are_placeholders_and_the_environment_of_the_container_has_each(realm, clients):
    assert {client["secret"] for client in clients.values()} == {f"${{{name}}}" for name in SECRETS}
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    named = set(re.findall(r"\$\{(ARYZ_\w+)\}", json.dumps(realm)))
    assert named <= compose["services"]["identity"]["environment"].keys()


def test_it_has_no_person(realm):
    assert {user["username"] for user in realm["users"]} == {f"service-account-{service}" for service in SERVICES}
    assert all(user["realmRoles"] == ["service"] and "credentials" not in user for user in realm["users"])


def test_a_token_is_refused_five_minutes_after_it_was_issued(realm, clients):
    assert realm["accessTokenLifespan"] + LEEWAY.total_seconds() <= SERVICE_LIFE.total_seconds()
    assert not any("access.token.lifespan" in client.get("attributes", {}) for client in clients.values())


def test_the_pages_sign_in_by_code_and_pkce_alone(clients):
    pages = clients["aryz-pages"]
    assert pages["attributes"]["pkce.code.challenge.method"] == "S256"
    assert pages["standardFlowEnabled"]
    assert not any(pages[grant] for grant in ("publicClient", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled"))
    assert pages["redirectUris"] == ["${ARYZ_ADDRESS}/sign-in/callback"]


def test_guesses_of_passwords_lock_an_account_out(realm):
    assert realm["bruteForceProtected"]
    assert realm["failureFactor"] == 5


def test_a_service_is_known_by_its_name_and_no_person_can_be_one(realm, clients):
    scopes = {each["client"]: set(each["roles"]) for each in realm["scopeMappings"]}
    assert {role["name"] for role in realm["roles"]["realm"]} <= ROLES
    assert all(not client["fullScopeAllowed"] for client in clients.values())
    assert "service" not in scopes["aryz-pages"]
    for service in SERVICES:
        [subject] = clients[service]["protocolMappers"]
        assert (subject["config"]["claim.name"], subject["config"]["claim.value"]) == ("sub", service)
        assert scopes[service] == {"service"}


class TestBringing:
    def test_it_says_what_is_missing(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineMissing, match="apt-get install maven"):
            bring_keycloak(tmp_path / "keycloak")

    def test_what_is_here_is_not_brought_again(self, tmp_path):
        (tmp_path / "complete").write_bytes((DEPLOY / "identity/pom.xml").read_bytes())
        assert bring_keycloak(tmp_path) is False
