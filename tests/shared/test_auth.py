import base64
import hmac
import stat
import time
import warnings
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import Depends, FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from pydantic_core import to_json

from shared.auth import (
    ClientCredentials,
    FileKeys,
    InvalidToken,
    LocalIssuer,
    LocalIssuerForbidden,
    LocalServiceTokens,
    PagePrincipalDep,
    Principal,
    PrincipalDep,
    TokenVerifier,
    UrlKeys,
    require,
)
from shared.clock import FakeClock
from shared.errors import Unavailable, install_error_handlers

NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)
PROVIDER = UUID("00000000-0000-7000-8000-000000000001")
ISSUER, AUDIENCE = "https://id.example", "aryz"


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def local(tmp_path, clock):
    return LocalIssuer(tmp_path, env="development", clock=clock)


def claims(**changed):
    now = int(NOW.timestamp())
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "exp": now + 600, "iat": now, "role": "specialist"} | changed


def signed(key, changed=None, *, alg="ES256", **header):
    return jwt.encode({"alg": alg, "kid": key.kid, **header}, claims(**(changed or {})), key, algorithms=[alg])


def signed_manually(alg, sign):
    """A token made without a library: none of them helps with these any more."""
    parts = [base64.urlsafe_b64encode(to_json(part)).rstrip(b"=") for part in ({"alg": alg, "kid": "one"}, claims())]
    data = b".".join(parts)
    return (data + b"." + base64.urlsafe_b64encode(sign(data)).rstrip(b"=")).decode()


class Provider:
    """An OIDC provider's JWKS address, as a real HTTP exchange over an in-process transport."""

    def __init__(self, clock, *keys):
        self.keys = list(keys)
        self.asked = 0
        self.down = False
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        source = UrlKeys(f"{ISSUER}/jwks", client, clock)
        self.verifier = TokenVerifier(source, issuer=ISSUER, audience=AUDIENCE, clock=clock)

    def answer(self, _request):
        self.asked += 1
        return httpx.Response(503) if self.down else httpx.Response(200, json=KeySet(self.keys).as_dict(private=False))


def ec_key(kid="one"):
    return ECKey.generate_key("P-256", parameters={"kid": kid, "use": "sig"})


class TestLocalIssuer:
    async def test_its_token_names_the_principal(self, local):
        token = local.issue("provider", provider_id=PROVIDER, subject="clinic", name="Clinic")

        principal = await local.verifier().verify(token)

        assert principal == Principal("clinic", "aryz-local", frozenset({"provider"}), None, PROVIDER, "Clinic")
        assert (principal.role, principal.is_staff, principal.is_anonymous) == ("provider", False, False)

    def test_it_refuses_production(self, tmp_path, clock):
        with pytest.raises(LocalIssuerForbidden):
            LocalIssuer(tmp_path, env="production", clock=clock)
        assert not list(tmp_path.iterdir())

    async def test_two_issuers_on_one_folder_share_a_key_only_the_owner_reads(self, local, tmp_path, clock):
        other = LocalIssuer(tmp_path, env="development", clock=clock)

        assert (await local.verifier().verify(other.issue("head", region="KZ-43"))).region == "KZ-43"
        assert stat.S_IMODE(local.path.stat().st_mode) == 0o600
        assert "d" not in other.jwks()["keys"][0]

    def test_an_unknown_role_is_refused(self, local):
        with pytest.raises(ValueError, match="unknown role"):
            local.issue("king")


class TestVerify:
    async def test_every_allowed_algorithm_is_accepted(self, clock):
        ec, ed = ec_key(), OKPKey.generate_key("Ed25519", parameters={"kid": "ed"})
        rsa = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
        provider = Provider(clock, ec, ed, rsa)

        with warnings.catch_warnings(action="ignore"):  # the former name of Ed25519
            former = signed(ed, alg="EdDSA")

        for token in (signed(ec), signed(ed, alg="Ed25519"), former, signed(rsa, alg="RS256")):
            assert (await provider.verifier.verify(token)).roles == {"specialist"}

    @pytest.mark.parametrize("header", ['["alg"]', '"alg"', '{"alg": ["ES256"]}', '{"alg": "ES256", "kid": {}}', "[]", "1"])
    async def test_a_header_that_is_no_object_of_text_is_refused(self, clock, header):
        token = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (header, "{}", "x"))
        with pytest.raises(InvalidToken):
            await Provider(clock, ec_key()).verifier.verify(token)

    async def test_unsigned_and_symmetric_tokens_are_refused(self, clock):
        key = ec_key()
        provider = Provider(clock, key)
        public = key.as_pem(private=False)
        unsigned = signed_manually("none", lambda _data: b"")
        confused = signed_manually("HS256", lambda data: hmac.digest(public, data, "sha256"))

        for token in (unsigned, confused):
            with pytest.raises(InvalidToken):
                await provider.verifier.verify(token)

    @pytest.mark.parametrize(
        "changed",
        [
            {"iss": "https://other.example"},
            {"aud": "other"},
            {"aud": ["other"]},
            {"aud": None},
            {"exp": int(NOW.timestamp()) - 61},
            {"exp": None},
            {"exp": "soon"},
            {"exp": True},
            {"exp": 1e300},
            {"nbf": int(NOW.timestamp()) + 61},
            {"iat": int(NOW.timestamp()) + 61},
            {"sub": None},
            {"sub": ""},
            {"sub": 5},
            {"sub": "x" * 201},
            {"region": 43},
            {"provider_id": "not-a-uuid"},
        ],
    )
    async def test_a_wrong_claim_is_refused(self, clock, changed):
        key = ec_key()

        with pytest.raises(InvalidToken):
            await Provider(clock, key).verifier.verify(signed(key, changed))

    @pytest.mark.parametrize(
        "changed", [{"exp": int(NOW.timestamp()) - 60}, {"nbf": int(NOW.timestamp()) + 60}, {"aud": ["other", AUDIENCE]}]
    )
    async def test_clocks_may_differ_by_the_leeway(self, clock, changed):
        key = ec_key()

        assert (await Provider(clock, key).verifier.verify(signed(key, changed))).subject == "u1"

    @pytest.mark.parametrize("token", ["", "a.b.c", "....", "ә", "a" * 9000, "e30.e30.e30", "\ud800"])
    async def test_what_is_no_token_is_refused(self, clock, token):
        with pytest.raises(InvalidToken):
            await Provider(clock, ec_key()).verifier.verify(token)

    async def test_another_key_under_the_same_id_is_refused(self, clock):
        with pytest.raises(InvalidToken):
            await Provider(clock, ec_key()).verifier.verify(signed(ec_key()))

    async def test_several_roles_are_kept_and_unknown_ones_dropped(self, clock):
        key = ec_key()
        changed = {"role": None, "roles": ["analyst", "king", 5, "head"]}

        principal = await Provider(clock, key).verifier.verify(signed(key, changed))

        assert principal.roles == {"analyst", "head"}
        assert principal.role == "head"

    async def test_a_remembered_token_ends_when_it_ends(self, clock):
        key = ec_key()
        provider = Provider(clock, key)
        token = signed(key)
        await provider.verifier.verify(token)

        clock.advance(timedelta(seconds=660))
        assert await provider.verifier.verify(token)
        clock.advance(timedelta(seconds=1))
        with pytest.raises(InvalidToken):
            await provider.verifier.verify(token)

    async def test_a_repeated_token_costs_under_10_microseconds(self, local):
        verifier, token = local.verifier(), local.issue("operator")
        await verifier.verify(token)

        async def took() -> float:
            began = time.thread_time()
            for _ in range(1000):
                await verifier.verify(token)
            return (time.thread_time() - began) / 1000

        assert min([await took() for _ in range(5)]) < 10e-6


class TestKeys:
    async def test_a_new_key_is_fetched_when_its_id_turns_up(self, clock):
        first, second = ec_key("one"), ec_key("two")
        provider = Provider(clock, first)
        await provider.verifier.verify(signed(first))
        provider.keys.append(second)

        with pytest.raises(InvalidToken):
            await provider.verifier.verify(signed(second))  # too soon after the last fetch
        clock.advance(timedelta(seconds=30))

        assert await provider.verifier.verify(signed(second))
        assert provider.asked == 2

    async def test_made_up_ids_do_not_become_a_stream_of_requests(self, clock):
        provider = Provider(clock, ec_key())

        for number in range(50):
            with pytest.raises(InvalidToken):
                await provider.verifier.verify(signed(ec_key(f"made-up-{number}")))

        assert provider.asked == 1

    async def test_a_withdrawn_key_is_trusted_no_longer_than_ten_minutes(self, clock):
        key = ec_key()
        provider = Provider(clock, key)
        token = signed(key, {"exp": int(NOW.timestamp()) + 86_400})
        await provider.verifier.verify(token)
        provider.keys = [ec_key("two")]

        clock.advance(timedelta(minutes=10))

        with pytest.raises(InvalidToken):
            await provider.verifier.verify(token)

    async def test_known_keys_outlive_an_outage_and_unknown_ones_are_503(self, clock):
        key = ec_key()
        provider, fresh = Provider(clock, key), Provider(clock, key)
        await provider.verifier.verify(signed(key))
        provider.down = fresh.down = True
        clock.advance(timedelta(minutes=20))
        late = {"exp": int(NOW.timestamp()) + 86_400}

        assert await provider.verifier.verify(signed(key, late))
        with pytest.raises(Unavailable):
            await fresh.verifier.verify(signed(key, late))

    async def test_a_key_that_cannot_be_read_costs_no_other_key(self, clock):
        key = ec_key()
        document = KeySet([key]).as_dict(private=False)
        unreadable = [{"kty": "EC", "crv": "BP-256", "kid": "new", "x": "AA", "y": "AA"}, {"kty": "ZZ"}, {"kid": "untyped"}, {"kty": []}]
        answer = httpx.Response(200, json={"keys": [*unreadable, *document["keys"]]})
        client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: answer))
        verifier = TokenVerifier(UrlKeys(f"{ISSUER}/jwks", client, clock), issuer=ISSUER, audience=AUDIENCE, clock=clock)

        assert await verifier.verify(signed(key))

    async def test_encryption_keys_do_not_sign(self, clock):
        key = ECKey.generate_key("P-256", parameters={"kid": "enc", "use": "enc"})
        signer = ECKey.import_key(key.as_dict(private=True) | {"use": "sig"})

        with pytest.raises(InvalidToken):
            await Provider(clock, ec_key(), key).verifier.verify(signed(signer))

    async def test_keys_come_from_a_file_too(self, tmp_path, clock):
        key = ec_key()
        path = tmp_path / "jwks.json"
        path.write_bytes(httpx.Response(200, json=KeySet([key]).as_dict(private=False)).content)
        verifier = TokenVerifier(FileKeys(path, clock), issuer=ISSUER, audience=AUDIENCE, clock=clock)

        assert await verifier.verify(signed(key))


class TestServiceTokens:
    async def test_the_local_ones_are_renewed_before_they_end(self, local, clock):
        tokens = LocalServiceTokens(local, service="routing", clock=clock)
        first = await tokens.token()
        assert await tokens.token() == first

        clock.advance(timedelta(minutes=4))
        second = await tokens.token()

        assert second != first
        principal = await local.verifier().verify(second)
        assert (principal.subject, principal.role) == ("routing", "service")

    async def test_client_credentials_are_asked_for_once(self, clock):
        asked = []

        def answer(request):
            asked.append((request.headers["authorization"], request.content))
            return httpx.Response(200, json={"access_token": f"t{len(asked)}", "expires_in": 300})

        tokens = credentials(answer, clock)

        assert [await tokens.token(), await tokens.token()] == ["t1", "t1"]
        clock.advance(timedelta(seconds=240))
        assert await tokens.token() == "t2"
        assert asked[0] == ("Basic cm91dGluZzpoaWRkZW4=", b"grant_type=client_credentials&audience=aryz")

    @pytest.mark.parametrize("response", [httpx.Response(401), httpx.Response(200, json={}), httpx.Response(200, text="<html>")])
    async def test_an_identity_provider_that_gives_none_is_unavailable(self, clock, response):
        with pytest.raises(Unavailable):
            await credentials(lambda _request: response, clock).token()


def credentials(answer, clock):
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    url = f"{ISSUER}/token"
    return ClientCredentials(client, token_url=url, client_id="routing", client_secret="hidden", audience="aryz", clock=clock)


class TestDependencies:
    @pytest.fixture
    async def client(self, local):
        app = FastAPI()
        app.state.parts = SimpleNamespace(tokens=local.verifier())
        install_error_handlers(app)

        @app.get("/v1/me")
        async def me(current: PrincipalDep) -> str:
            return current.subject

        @app.get("/v1/desk")
        async def desk(current: Annotated[Principal, Depends(require("specialist", "head"))]) -> str:
            return current.subject

        @app.get("/page")
        async def page(current: PagePrincipalDep) -> str:
            return current.subject

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
            made.app = app
            yield made

    async def test_without_a_header_the_caller_is_nobody(self, client):
        response = await client.get("/v1/me")

        assert (response.status_code, response.json()) == (200, "")

    @pytest.mark.parametrize("header", ["Bearer x", "Bearer", "Basic YTpi", "x", ""])
    async def test_a_bad_header_is_401(self, client, header):
        response = await client.get("/v1/me", headers={"Authorization": header})

        assert (response.status_code, response.json()["code"]) == (401, "invalid-token")
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    async def test_a_role_opens_its_routes_alone(self, client, local):
        async def status(role):
            return (await client.get("/v1/desk", headers={"Authorization": f"bearer {local.issue(role)}"})).status_code

        assert (await status("head"), await status("analyst")) == (200, 403)
        assert (await client.get("/v1/desk")).status_code == 401

    async def test_the_session_cookie_counts_on_pages_and_nowhere_else(self, client, local):
        cookie = {"Cookie": f"aryz_session={local.issue('operator', subject='op')}"}

        assert (await client.get("/page", headers=cookie)).json() == "op"
        assert (await client.get("/v1/me", headers=cookie)).json() == ""
        assert (await client.get("/page", headers={"Cookie": "aryz_session=old"})).json() == ""

    async def test_the_document_names_the_bearer_scheme(self, client):
        schema = client.app.openapi()

        assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
        assert schema["paths"]["/v1/desk"]["get"]["security"] == [{"bearer": []}]
