"""Authentication and authorisation: roles and principals, tokens and their issuer, and the dependencies of routes."""

from shared.auth.dependencies import (
    PagePrincipalDep,
    PrincipalDep,
    UnconfinedPrincipalDep,
    check_role,
    needs_token,
    page_principal,
    principal,
    require,
    require_page,
    unconfined,
)
from shared.auth.issuer import LocalIssuer, LocalIssuerForbidden
from shared.auth.keys import FileKeys, KeySource, UrlKeys
from shared.auth.principal import CONFINED, ROLES, STAFF, Principal, Role, identity_of
from shared.auth.revocation import RevokedTokens
from shared.auth.service_tokens import ClientCredentials, LocalServiceTokens, ServiceTokens
from shared.auth.tokens import InvalidToken, TokenVerifier

__all__ = [
    "CONFINED",
    "ROLES",
    "STAFF",
    "ClientCredentials",
    "FileKeys",
    "InvalidToken",
    "KeySource",
    "LocalIssuer",
    "LocalIssuerForbidden",
    "LocalServiceTokens",
    "PagePrincipalDep",
    "Principal",
    "PrincipalDep",
    "RevokedTokens",
    "Role",
    "ServiceTokens",
    "TokenVerifier",
    "UnconfinedPrincipalDep",
    "UrlKeys",
    "check_role",
    "identity_of",
    "needs_token",
    "page_principal",
    "principal",
    "require",
    "require_page",
    "unconfined",
]
