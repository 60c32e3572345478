"""Tokens of an OIDC provider: their claims by the mapping, their life and the difference between the clocks."""

import pytest

from shared.auth import InvalidToken
from shared.auth.claims import BadClaimsFile, claim_mapping
from tests.oidc_provider import NOW


class TestServiceTokens:
    @pytest.mark.parametrize(("life", "is_accepted"), [(240, True), (300, True), (301, False), (43_200, False)])
    async def test_a_token_of_a_service_lives_at_most_five_minutes(self, house, provider, life, is_accepted):
        token = provider.signed({"aud": "aryz", "sub": "routing", "roles": ["service"], "exp": provider.now() + life})
        if is_accepted:
            assert (await house.foundation.tokens.verify(token)).subject == "routing"
        else:
            with pytest.raises(InvalidToken):
                await house.foundation.tokens.verify(token)

    @pytest.mark.parametrize(
        ("changed", "is_accepted"),
        [
            ({"exp": int(NOW.timestamp()) - 60}, True),
            ({"exp": int(NOW.timestamp()) - 61}, False),
            ({"iat": int(NOW.timestamp()) + 60}, True),
            ({"iat": int(NOW.timestamp()) + 61}, False),
        ],
    )
    async def test_a_minute_between_the_clocks_is_tolerated(self, house, provider, changed, is_accepted):
        token = provider.signed({"aud": "aryz", "sub": "u1"} | changed)
        if is_accepted:
            assert await house.foundation.tokens.verify(token)
        else:
            with pytest.raises(InvalidToken):
                await house.foundation.tokens.verify(token)


class TestClaims:
    async def test_a_file_says_where_another_provider_puts_its_claims(self, start, provider, tmp_path):
        file = tmp_path / "claims.toml"
        file.write_text(
            '[claims]\nroles = ["realm_access.roles", "groups"]\nregion = ["attributes.branch"]\nname = ["preferred_username"]\n'
            '[roles]\n"/aryz/clerks" = "specialist"\n"/aryz/heads" = "head"\n'
        )
        tokens = start(oidc_claims_file=file).foundation.tokens
        claims = {"aud": "aryz", "sub": "u1", "attributes": {"branch": "KZ-43"}, "preferred_username": "clerk", "roles": ["admin"]}

        nested = await tokens.verify(provider.signed(claims | {"realm_access": {"roles": ["/aryz/clerks", "admin", 5]}}))
        flat = await tokens.verify(provider.signed(claims | {"groups": "/aryz/heads"}))

        assert (nested.roles, nested.region, nested.name) == ({"specialist"}, "KZ-43", "clerk")
        assert flat.roles == {"head"}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[claims", "TOMLDecodeError"),
            ('[claims]\nroles=["r"]\n[roles]\nx="king"', "roles.x"),
            ("", "claims"),
            (None, "FileNotFoundError"),
        ],
    )
    def test_a_file_that_cannot_be_used_is_refused_at_the_start(self, tmp_path, text, message):
        file = tmp_path / "claims.toml"
        if text is not None:
            file.write_text(text)
        with pytest.raises(BadClaimsFile, match=message):
            claim_mapping(file)
