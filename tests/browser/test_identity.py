"""Signing in at a real Keycloak with the realm of deploy/identity: in a browser, and between services by API.

People are made by the tests through Keycloak's administration; the realm has none.
"""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import uuid4

import httpx
import pytest

from engines import Keycloak
from engines.keycloak import ADMIN
from engines.processes import free_ports
from shared.auth import ClientCredentials
from shared.errors import Unavailable
from shared.web.session import COOKIE
from tests.patience import PATIENCE, wait_until
from tests.started import started
from tests.suite.served import served

PASSWORD = "synthetic-password-1"
PERSON = {"firstName": "Сынақ", "lastName": "Айгүл"}
REALM = "/admin/realms/aryz"


class Administration:
    """The administration of the realm by its REST API."""

    def __init__(self, keycloak):
        self._http = httpx.Client(base_url=keycloak.url, timeout=PATIENCE)
        form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": keycloak.admin_password}
        answer = self._http.post("/realms/master/protocol/openid-connect/token", data=form)
        self._refresh = {"grant_type": "refresh_token", "client_id": "admin-cli", "refresh_token": answer.json()["refresh_token"]}

    def call(self, method, path, **given):
        granted = self._http.post("/realms/master/protocol/openid-connect/token", data=self._refresh).json()  # one lives a minute
        answer = self._http.request(method, f"{REALM}{path}", headers={"Authorization": f"Bearer {granted['access_token']}"}, **given)
        answer.raise_for_status()
        return answer

    def person(self, *roles, region="KZ-43", **changed):
        name = f"synthetic-{uuid4().hex[:8]}"
        credentials = [{"type": "password", "value": PASSWORD, "temporary": False}]
        person = {"username": name, "enabled": True, "attributes": {"region": [region]}, "credentials": credentials, **PERSON, **changed}
        location = self.call("POST", "/users", json=person).headers["location"]
        person_id = location.rpartition("/")[2]
        self.grant(person_id, *roles)
        return name, person_id

    def roles(self, names):
        return [self.call("GET", f"/roles/{name}").json() for name in names]

    def grant(self, person_id, *names):
        self.call("POST", f"/users/{person_id}/role-mappings/realm", json=self.roles(names))

    def withdraw(self, person_id, *names):
        self.call("DELETE", f"/users/{person_id}/role-mappings/realm", json=self.roles(names))

    def change(self, person_id, **changed):
        person = self.call("GET", f"/users/{person_id}").json()
        self.call("PUT", f"/users/{person_id}", json=person | changed)

    def client(self, client_id, **changed):
        [client] = self.call("GET", f"/clients?clientId={client_id}").json()
        attributes = client["attributes"] | changed.pop("attributes", {})
        self.call("PUT", f"/clients/{client['id']}", json=client | changed | {"attributes": attributes})

    def rotate_keys(self):
        """Add a signing key that is preferred to the present one, which goes on verifying."""
        realm = self.call("GET", "").json()["id"]
        config = {"priority": ["200"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"], "keySize": ["2048"]}
        key = {"name": "rotated", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider", "parentId": realm}
        self.call("POST", "/components", json=key | {"config": config})

    def signing_key(self):
        return self.call("GET", "/keys").json()["active"]["RS256"]

    def close(self):
        self._http.close()


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory):
    [port] = free_ports(1)
    with started(Keycloak(tmp_path_factory.mktemp("keycloak") / "home", pages=f"http://127.0.0.1:{port}")) as running:
        yield running


@pytest.fixture(scope="module")
def administration(keycloak):
    administration = Administration(keycloak)
    yield administration
    administration.close()


@pytest.fixture(scope="module")
def suite(keycloak, tmp_path_factory):
    """The suite on one machine, with Keycloak in place of the local issuer."""
    connect = f"{keycloak.issuer}/protocol/openid-connect"
    given = {
        "oidc_issuer": keycloak.issuer,
        "oidc_jwks_url": f"{connect}/certs",
        "oidc_token_url": f"{connect}/token",
        "oidc_authorization_url": f"{connect}/auth",
        "oidc_end_session_url": f"{connect}/logout",
        "oidc_client_id": "routing",
        "oidc_client_secret": keycloak.client_secrets["ARYZ_ROUTING_CLIENT_SECRET"],
        "oidc_pages_client_id": "aryz-pages",
        "oidc_pages_client_secret": keycloak.client_secrets["ARYZ_PAGES_CLIENT_SECRET"],
        "pages_url": keycloak.pages,
    }
    port = int(keycloak.pages.rpartition(":")[2])
    with served(tmp_path_factory.mktemp("identity") / "data", datetime.now(UTC), port=port, **given) as suite:
        yield suite


@pytest.fixture
def later(suite):
    """Move the suite's clock forward until the test ends: Keycloak's clock is that of the machine."""
    moved = []

    def move(**by):
        moved.append(timedelta(**by))
        suite.clock.advance(moved[-1])

    yield move
    suite.clock.advance(-sum(moved, timedelta()))


@pytest.fixture
async def page(browser):
    context = await browser.new_context(locale="kk-KZ")
    context.set_default_timeout(PATIENCE * 1000)
    yield await context.new_page()
    await context.close()


async def sign_in(page, name, password=PASSWORD):
    """Fill in Keycloak's form, which the page shows, and wait for the page that follows."""
    await page.fill("#username", name)
    await page.fill("#password", password)
    async with page.expect_navigation():
        await page.click("#kc-login")


async def who(page):
    return (await page.locator(".viewer .who").inner_text()).split("\n")


async def session_of(page):
    return next((each["value"] for each in await page.context.cookies() if each["name"] == COOKIE), None)


class TestPeople:
    async def test_they_sign_in_change_their_role_and_sign_out(self, page, suite, later, keycloak, administration):
        name, person_id = administration.person("operator")
        await page.goto(f"{suite.url}/routing/desk?scope=mine")
        assert page.url.startswith(keycloak.issuer)
        assert await page.get_attribute("html", "lang") == "kk"
        await sign_in(page, name)
        assert page.url == f"{suite.url}/routing/desk?scope=mine"
        assert await who(page) == ["Сынақ Айгүл", "1414 операторы · Қызылорда облысы"]

        administration.grant(person_id, "supervisor")
        administration.withdraw(person_id, "operator")
        later(seconds=185)  # a minute before the access token expires
        await page.reload()
        assert await who(page) == ["Сынақ Айгүл", "Супервайзер · Қызылорда облысы"]

        async with page.expect_navigation(url=f"{suite.url}/?flash=signed-out"):
            await page.click("form.viewer button")
        assert "Жүйеден шықтыңыз." in await page.inner_text("main")
        await page.goto(f"{suite.url}/routing/desk")
        assert await page.is_visible("#password")  # Keycloak's own session has ended too

    async def test_a_disabled_person_is_out_within_the_life_of_an_access_token(self, page, suite, later, administration):
        name, person_id = administration.person("operator")
        await page.goto(f"{suite.url}/sign-in")
        await sign_in(page, name)
        administration.change(person_id, enabled=False)
        later(seconds=240)
        await page.goto(f"{suite.url}/routing/desk")
        assert await page.is_visible("#password")
        assert await session_of(page) is None

    async def test_the_provider_ends_a_session_from_its_side(self, page, suite, administration):
        name, person_id = administration.person("operator")
        await page.goto(f"{suite.url}/sign-in")
        await sign_in(page, name)
        token = await session_of(page)
        assert opens_cases(suite, token)
        administration.call("POST", f"/users/{person_id}/logout")
        wait_until(lambda: not opens_cases(suite, token))
        await page.goto(f"{suite.url}/routing/desk")
        assert await page.is_visible("#password")

    async def test_new_keys_end_no_session(self, page, suite, later, administration):
        name, _ = administration.person("operator")
        await page.goto(f"{suite.url}/sign-in")
        await sign_in(page, name)
        before, token = administration.signing_key(), await session_of(page)
        administration.rotate_keys()
        assert administration.signing_key() != before
        assert opens_cases(suite, token)  # signed with the former key
        later(seconds=185)
        await page.goto(f"{suite.url}/routing/desk")
        assert (await who(page))[0] == "Сынақ Айгүл"
        renewed = await session_of(page)
        assert renewed != token
        assert opens_cases(suite, renewed)

    async def test_after_five_wrong_passwords_the_right_one_does_not_help(self, page, suite, administration):
        name, _ = administration.person("operator")
        await page.goto(f"{suite.url}/sign-in")
        for password in [*(f"wrong-password-{number}" for number in range(5)), PASSWORD]:
            await sign_in(page, name, password)
        assert await page.is_visible("#password")
        assert await session_of(page) is None


def opens_cases(suite, token):
    """Return whether an API call with this token is let in."""
    answer = httpx.get(f"{suite.url}/routing/v1/cases?scope=all", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)
    assert answer.status_code in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}, answer.text
    return answer.status_code == HTTPStatus.OK


def read_contents(suite, token):
    body = {"ids": [], "purpose": "classification"}
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{suite.url}/intake/internal/v1/contents", json=body, headers=headers, timeout=PATIENCE).status_code


@asynccontextmanager
async def credentials(keycloak, client_id, clock):
    async with httpx.AsyncClient() as client:
        secret = keycloak.client_secrets[f"ARYZ_{client_id.upper().replace('-', '_')}_CLIENT_SECRET"]
        url = f"{keycloak.issuer}/protocol/openid-connect/token"
        yield ClientCredentials(client, token_url=url, client_id=client_id, client_secret=secret, audience="aryz", clock=clock)


class TestServices:
    async def test_one_is_known_by_its_client_and_out_five_minutes_after_it_was_revoked(self, suite, later, keycloak, administration):
        async with credentials(keycloak, "routing", suite.clock) as routing, credentials(keycloak, "analytics", suite.clock) as analytics:
            token = await routing.token()
            assert read_contents(suite, token) == HTTPStatus.OK
            assert read_contents(suite, await analytics.token()) == HTTPStatus.FORBIDDEN  # of another service
            administration.client("routing", enabled=False)
            later(minutes=4)
            assert read_contents(suite, token) == HTTPStatus.OK  # the clocks of issuer and verifier may differ by a minute
            with pytest.raises(Unavailable):
                await routing.token()
            later(minutes=1, seconds=1)
            assert read_contents(suite, token) == HTTPStatus.UNAUTHORIZED
            administration.client("routing", enabled=True)

    async def test_a_longer_life_set_by_mistake_is_refused(self, suite, keycloak, administration):
        administration.client("intake", attributes={"access.token.lifespan": "3600"})
        async with credentials(keycloak, "intake", suite.clock) as intake:
            assert read_contents(suite, await intake.token()) == HTTPStatus.UNAUTHORIZED


async def test_without_keycloak_a_page_says_what_to_do(page, serious, suite, later, keycloak):
    keycloak.stop()
    later(seconds=11)
    answer = await page.goto(f"{suite.url}/sign-in?next=/routing/desk")
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Қазір кіру мүмкін емес" in await page.inner_text("main")
    assert await serious(page) == []
    assert await page.get_attribute("main a", "href") == "/sign-in?next=/routing/desk"
