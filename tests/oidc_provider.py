"""An OIDC provider in this process, and the home pages of a process whose people sign in at it."""

import asyncio
import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from shared.auth.provider import LOGOUT_EVENT
from shared.service import Foundation
from shared.settings import ServiceSettings
from suite.home import create_home

NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)
ISSUER, PAGES = "https://id.example/realms/aryz", "https://aryz.example"
LIFE = 240  # seconds of an access token, as in deploy/identity/aryz-realm.json
KEYS = [RSAKey.generate_key(2048, parameters={"kid": kid, "use": "sig", "alg": "RS256"}) for kid in ("one", "two")]
SETTINGS = {
    "oidc_issuer": ISSUER,
    "oidc_jwks_url": f"{ISSUER}/certs",
    "oidc_token_url": f"{ISSUER}/token",
    "oidc_authorization_url": f"{ISSUER}/auth",
    "oidc_end_session_url": f"{ISSUER}/logout",
    "oidc_pages_client_id": "aryz-pages",
    "oidc_pages_client_secret": "hidden",
    "pages_url": PAGES,
}


class Provider:
    """An OIDC provider behind a real HTTP exchange over an in-process transport."""

    def __init__(self, clock):
        self.clock = clock
        self.key = KEYS[0]
        self.person = {"sub": "u1", "name": "Сынақ Айгүл", "roles": ["operator", "offline_access"], "region": "KZ-43"}
        self.changed = {"access": {}, "id": {}, "answer": {}}
        self.is_down = self.has_ended = False
        self.refusal = httpx.Response(400, json={"error": "invalid_grant"})
        self.nonce = self.challenge = None
        self.refreshes = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.session = "s1"

    def now(self):
        return int(self.clock.now().timestamp())

    def signed(self, claims):
        header = {"alg": "RS256", "kid": self.key.kid}
        given = {"iss": ISSUER, "iat": self.now(), "exp": self.now() + LIFE, "sid": self.session} | claims
        return jwt.encode(header, {name: value for name, value in given.items() if value is not None}, self.key, algorithms=["RS256"])

    def logout_token(self, **changed):
        claims = {"aud": "aryz-pages", "jti": "l1", "sub": "u1", "events": {LOGOUT_EVENT: {}}, "exp": self.now() + 120}
        return self.signed(claims | changed)

    async def answer(self, request):
        await asyncio.sleep(0)
        if self.is_down:
            raise httpx.ConnectTimeout("silent")
        if request.url.path.endswith("/certs"):
            return httpx.Response(200, json=KeySet([self.key]).as_dict(private=False))
        if request.method == "HEAD":
            return httpx.Response(405)
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert request.headers["authorization"] == "Basic " + base64.b64encode(b"aryz-pages:hidden").decode()
        answer = self.granted(form)
        await self.gate.wait()
        return answer

    def granted(self, form):
        if form["grant_type"] == "refresh_token":
            self.refreshes += 1
            if self.has_ended:
                return self.refusal
        elif form["code"] != "good" or self.challenge != challenge_of(form["code_verifier"]):
            return httpx.Response(400, json={"error": "invalid_grant"})
        tokens = {
            "access_token": self.signed({"aud": "aryz", **self.person, **self.changed["access"]}),
            "id_token": self.signed({"aud": "aryz-pages", "sub": self.person["sub"], "nonce": self.nonce, **self.changed["id"]}),
        }
        answer = {**tokens, "expires_in": LIFE, "refresh_expires_in": 3600, "refresh_token": f"r{self.refreshes}"}
        return httpx.Response(200, json=answer | self.changed["answer"])


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class House:
    """The home pages of one process, and browsers that open them."""

    def __init__(self, folder, clock, provider, **settings):
        self.foundation = Foundation.build(ServiceSettings(data=folder, **SETTINGS | settings), clock=clock)
        self.foundation.outside._transport = httpx.MockTransport(provider.answer)
        self.provider = provider
        self.app = create_home(self.foundation.settings, self.foundation)
        self._browsers = []

    def browser(self, **headers):
        transport = httpx.ASGITransport(self.app)
        self._browsers.append(httpx.AsyncClient(transport=transport, base_url=PAGES, headers={"accept": "text/html", **headers}))
        return self._browsers[-1]

    async def close(self):
        for browser in self._browsers:
            await browser.aclose()
        await self.foundation.outside.aclose()

    async def sent_to_provider(self, browser, target="/routing/desk"):
        """Begin signing in; return the query that the provider receives."""
        answer = await browser.get("/sign-in", params={"next": target})
        assert answer.status_code == 303
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        self.provider.nonce, self.provider.challenge = query["nonce"], query["code_challenge"]
        return query

    async def signed_in(self, target="/routing/desk", **headers):
        browser = self.browser(**headers)
        query = await self.sent_to_provider(browser, target)
        answer = await browser.get("/sign-in/callback", params={"code": "good", "state": query["state"], "iss": ISSUER})
        assert answer.status_code == 303, answer.text
        return browser


async def shown(browser):
    """Return the role that the home page shows, None for a stranger."""
    page = await browser.get("/?lang=ru")
    assert page.status_code == 200
    names = {"Оператор 1414": "operator", "Специалист": "specialist", "Супервайзер": "supervisor"}
    return next((role for name, role in names.items() if f'<span class="soft">{name}' in page.text), None)


def header_of(cookies):
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
