"""What the settings of an OIDC provider make: its keys, the verifier of its tokens, and the page sessions of its people."""

import httpx

from shared.auth.claims import claim_mapping
from shared.auth.keys import KeySource, UrlKeys
from shared.auth.page_sessions import PageSessions
from shared.auth.provider import OidcProvider, ProviderAddresses
from shared.auth.revocation import RevokedTokens
from shared.auth.tokens import SERVICE_LIFE, TokenVerifier
from shared.clock import Clock
from shared.sealing import KeyMaterial, Sealer
from shared.settings import MissingSetting, ServiceSettings

PAGE_SETTINGS = {
    "ARYZ_OIDC_PAGES_CLIENT_SECRET": "oidc_pages_client_secret",
    "ARYZ_OIDC_AUTHORIZATION_URL": "oidc_authorization_url",
    "ARYZ_OIDC_END_SESSION_URL": "oidc_end_session_url",
    "ARYZ_OIDC_TOKEN_URL": "oidc_token_url",
    "ARYZ_PAGES_URL": "pages_url",
}


def provider_access(
    settings: ServiceSettings, client: httpx.AsyncClient, material: KeyMaterial, clock: Clock, revoked: RevokedTokens
) -> tuple[TokenVerifier, PageSessions | None]:
    """Return the verifier of the provider's tokens, and the page sessions, None without a client of the pages.

    Raises MissingSetting and BadClaimsFile.
    """
    if not settings.oidc_jwks_url:
        raise MissingSetting("ARYZ_OIDC_JWKS_URL is needed beside ARYZ_OIDC_ISSUER")
    keys = UrlKeys(settings.oidc_jwks_url, client, clock)
    tokens = TokenVerifier(
        keys,
        issuer=settings.oidc_issuer or "",
        audience=settings.oidc_audience,
        clock=clock,
        revoked=revoked,
        mapping=claim_mapping(settings.oidc_claims_file),
        service_life=SERVICE_LIFE,
    )
    return tokens, _page_sessions(settings, client, keys, tokens, material, clock)


def _page_sessions(
    settings: ServiceSettings, client: httpx.AsyncClient, keys: KeySource, tokens: TokenVerifier, material: KeyMaterial, clock: Clock
) -> PageSessions | None:
    if not settings.oidc_pages_client_id:
        return None
    missing = [name for name, field in PAGE_SETTINGS.items() if getattr(settings, field) is None]
    if missing:
        raise MissingSetting(f"{', '.join(missing)}: needed beside ARYZ_OIDC_PAGES_CLIENT_ID")
    secret = settings.oidc_pages_client_secret
    addresses = ProviderAddresses(
        issuer=settings.oidc_issuer or "",
        client_id=settings.oidc_pages_client_id,
        client_secret=secret.get_secret_value() if secret else "",
        authorization=settings.oidc_authorization_url or "",
        token=settings.oidc_token_url or "",
        end_session=settings.oidc_end_session_url or "",
        pages=settings.pages_url or "",
    )
    provider = OidcProvider(client, addresses, keys, clock)
    return PageSessions(provider, tokens, Sealer(material.ring), material.pepper, clock)
