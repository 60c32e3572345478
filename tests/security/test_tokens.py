"""Tokens with odd claims: what a signed token may say, and what each claim opens when it is empty, absurd or of another type."""

import base64
import json
import math
from datetime import UTC, datetime
from itertools import product
from types import SimpleNamespace
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jws

from shared.auth import InvalidToken, LocalIssuer, PrincipalDep
from shared.auth.issuer import AUDIENCE, ISSUER
from shared.clock import FakeClock
from shared.domain.protection import Protection
from shared.domain.regions import regions
from shared.errors import install_error_handlers
from shared.visibility import NOTHING, UNPROTECTED, Scope, visible_cases, visible_inquiries

NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
HUGE = 10**400
ODD_TIMES = [
    math.inf, -math.inf, math.nan, 1e12, 1e300, HUGE, -HUGE, -1, -1e13, True, False, "", "soon", str(SECONDS), [], [SECONDS], {}, None,
]  # fmt: skip
ODD_TEXTS = [0, 43, 1.5, True, ["KZ-43"], {"code": "KZ-43"}, "KZ-43\0", "\ud800"]
NOTHING_IN_IT = ["", " ", "\t\n", "\u00a0", "\u200b", "\u2800", "\ufeff"]


@pytest.fixture
def issuer(tmp_path):
    return LocalIssuer(tmp_path, env="local", clock=FakeClock(NOW))


@pytest.fixture
def verify(issuer):
    """Verify a token of these claims, signed by the issuer's own key."""

    async def verified(**changed):
        return await issuer.verifier().verify(signed(issuer, json.dumps(claims(**changed)).encode()))

    return verified


def claims(**changed):
    base = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "iat": SECONDS, "exp": SECONDS + 600, "role": "operator"}
    return {name: value for name, value in (base | changed).items() if value is not ...}


def signed(issuer, payload, **header):
    """`payload` as it stands: libraries refuse to make most of these."""
    return jws.serialize_compact({"alg": "ES256", "kid": issuer._key.kid, **header}, payload, issuer._key, algorithms=["ES256"])


class TestRegion:
    @pytest.mark.parametrize("region", [*NOTHING_IN_IT, None])
    @pytest.mark.parametrize("role", ["operator", "specialist", "supervisor", "head"])
    async def test_a_claim_that_names_no_region_opens_nothing(self, verify, role, region):
        principal = await verify(role=role, region=region)
        for scope in (visible_cases(principal), visible_inquiries(principal)):
            places = product((*regions(), None, ""), (1, 3, None), (None, *Protection))
            assert not any(scope.allows(code, tier, UUID(int=1), protection) for code, tier, protection in places)

    async def test_without_the_claim_an_operator_sees_all_and_the_others_nothing(self, verify):
        assert visible_cases(await verify()) == UNPROTECTED
        for role in ("specialist", "supervisor", "head"):
            assert visible_cases(await verify(role=role)) == NOTHING

    async def test_spaces_around_a_region_are_ignored(self, verify):
        assert visible_cases(await verify(region=" KZ-43 ")) == Scope(regions=frozenset({"KZ-43"}))

    @pytest.mark.parametrize("region", ["KZ-99", "kz-43", "KZ-43,KZ-75", "*", "%", "all"])
    async def test_a_region_that_does_not_exist_is_one_without_cases(self, verify, region):
        assert visible_cases(await verify(region=region)) == Scope(regions=frozenset({region}))


class TestTypes:
    @pytest.mark.parametrize("claim", ["sub", "region", "provider_id", "name"])
    @pytest.mark.parametrize("value", ODD_TEXTS)
    async def test_a_text_of_another_type_or_that_no_database_keeps_is_refused(self, verify, claim, value):
        with pytest.raises(InvalidToken):
            await verify(**{claim: value})

    @pytest.mark.parametrize("subject", ["", " ", "\t\n", "\u00a0", None, ..., "x" * 201])
    async def test_a_token_without_a_subject_is_refused(self, verify, subject):
        with pytest.raises(InvalidToken):
            await verify(sub=subject)

    @pytest.mark.parametrize("provider_id", [*NOTHING_IN_IT, None, ...])
    async def test_a_provider_without_an_organisation_sees_nothing(self, verify, provider_id):
        try:
            principal = await verify(role="provider", provider_id=provider_id)
        except InvalidToken:
            return
        assert visible_inquiries(principal) == NOTHING

    @pytest.mark.parametrize(
        "role", ["", " ", "Admin", "admin ", "ADMIN", None, ..., 5, True, {"admin": True}, [["admin"]], [None], [{}], ["admin "]]
    )
    async def test_a_role_is_one_of_the_known_codes_or_none(self, verify, role):
        principal = await verify(role=role)
        assert principal.roles == frozenset()
        assert visible_cases(principal) == NOTHING

    async def test_roles_outrank_role_and_an_empty_list_is_none(self, verify):
        assert (await verify(role="admin", roles=[])).roles == frozenset()
        assert (await verify(role="admin", roles=None)).roles == frozenset()

    @pytest.mark.parametrize("audience", [..., None, "", [], {}, {AUDIENCE: 1}, [[AUDIENCE]], [None], 5, True, f"{AUDIENCE} other"])
    async def test_a_token_for_somebody_else_is_refused(self, verify, audience):
        with pytest.raises(InvalidToken):
            await verify(aud=audience)

    @pytest.mark.parametrize("named", [..., None, "", [ISSUER], {}, 5, True])
    async def test_a_token_of_somebody_else_is_refused(self, verify, named):
        with pytest.raises(InvalidToken):
            await verify(iss=named)


class TestTimes:
    @pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
    @pytest.mark.parametrize("value", ODD_TIMES)
    async def test_what_is_no_time_is_refused_and_never_passed_over(self, verify, claim, value):
        with pytest.raises(InvalidToken):
            await verify(**{claim: value})

    @pytest.mark.parametrize("changed", [{"nbf": SECONDS + 61}, {"iat": SECONDS + 61}, {"exp": SECONDS - 61}, {"nbf": 9e11}, {"exp": ...}])
    async def test_a_time_out_of_range_is_refused(self, verify, changed):
        with pytest.raises(InvalidToken):
            await verify(**changed)

    @pytest.mark.parametrize(
        "changed",
        [
            {"nbf": ...},
            {"iat": ...},
            {"nbf": 0, "iat": 0},
            {"nbf": SECONDS - 0.5},
            {"exp": SECONDS + 0.5},
            {"iat": SECONDS + 60},
            {"exp": SECONDS - 60},
        ],
    )
    async def test_fractions_and_absent_claims_are_fine(self, verify, changed):
        assert (await verify(**changed)).subject == "u1"


class TestHeader:
    async def test_of_two_tokens_neither_counts(self, issuer):
        app = FastAPI()
        app.state.parts = SimpleNamespace(tokens=issuer.verifier())
        install_error_handlers(app)

        @app.get("/v1/me")
        async def me(current: PrincipalDep) -> str:
            return current.subject

        one, other = (("Authorization", f"Bearer {issuer.issue(role)}") for role in ("admin", "applicant"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            assert (await client.get("/v1/me", headers=[one])).json() == "admin"
            for pair in ([one, other], [one, one], [("Authorization", ""), one]):
                assert (await client.get("/v1/me", headers=pair)).status_code == 401


class TestForm:
    """Before the signature is looked at: whoever sends these needs no key."""

    @pytest.mark.parametrize("nested", [b'{"alg":' + b"[" * 5500, b"[" * 6000, b'{"a":' * 1200, b"{" * 6000])
    async def test_a_deeply_nested_header_is_refused(self, issuer, nested):
        token = b".".join([base64.urlsafe_b64encode(nested).rstrip(b"="), b"e30", b"AA"])
        with pytest.raises(InvalidToken):
            await issuer.verifier().verify(token.decode())

    @pytest.mark.parametrize("payload", [b"", b"5", b"null", b"[]", b'"text"', b"{", b"\xff", b"[" * 4000, b'{"exp":' * 700])
    async def test_a_payload_that_is_no_object_is_refused(self, issuer, payload):
        with pytest.raises(InvalidToken):
            await issuer.verifier().verify(signed(issuer, payload))

    @pytest.mark.parametrize(
        "header", [{"kid": 5}, {"kid": None}, {"kid": ["x"]}, {"kid": "\ud800"}, {"crit": ["exp"]}, {"b64": False}, {"zip": "DEF"}]
    )
    async def test_an_odd_header_is_refused_or_changes_nothing(self, issuer, header):
        parts = signed(issuer, json.dumps(claims()).encode()).split(".")
        parts[0] = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", **header}).encode()).rstrip(b"=").decode()
        with pytest.raises(InvalidToken):  # the signature is of another header
            await issuer.verifier().verify(".".join(parts))
