"""FastAPI dependencies that say who asks, and let in only whom a route is for. The verifier is the app's `state.parts.tokens`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from shared.auth.principal import Principal, Role
from shared.auth.tokens import InvalidToken, TokenVerifier
from shared.errors import Forbidden, Unauthorized
from shared.web.session import session_token

Dependency = TypeVar("Dependency", bound=Callable[..., Any])


class _BearerPrincipal(SecurityBase):
    """The principal of the `Authorization` header: anonymous without one, 401 `invalid-token` for a bad one."""

    def __init__(self) -> None:
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> Principal:
        headers = request.headers.getlist("authorization")
        if not headers:
            return Principal.anonymous()
        scheme, _, token = headers[0].partition(" ")
        if scheme.lower() != "bearer" or len(headers) > 1:  # of two a proxy may have checked the other
            raise InvalidToken
        return await _tokens(request).verify(token.strip())


principal = _BearerPrincipal()


async def page_principal(request: Request) -> Principal:
    """The principal of the page session's cookie; anonymous without one or when it has ended. For pages only: API calls carry a header."""
    token = session_token(request)
    if not token:
        return Principal.anonymous()
    try:
        return await _tokens(request).verify(token)
    except InvalidToken:
        return Principal.anonymous()


PrincipalDep = Annotated[Principal, Depends(principal)]
PagePrincipalDep = Annotated[Principal, Depends(page_principal)]


async def unconfined(current: PrincipalDep) -> Principal:
    """The principal of a call that is open with and without a token. Raises Forbidden for a confined machine's token."""
    if current.is_confined:
        raise Forbidden
    return current


UnconfinedPrincipalDep = Annotated[Principal, Depends(unconfined)]


def needs_token(dependency: Dependency) -> Dependency:
    """Mark a dependency that answers 401 without a token; `shared.openapi.document` calls the token optional everywhere else."""
    dependency.needs_token = True  # type: ignore[attr-defined]
    return dependency


def require(*roles: Role) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency giving a principal with one of `roles`: 401 without a token, 403 with another role."""

    async def allowed(current: PrincipalDep) -> Principal:
        return check_role(current, *roles)

    return needs_token(allowed)


def require_page(*roles: Role) -> Callable[[Principal], Awaitable[Principal]]:
    """`require` for pages: by the session cookie."""

    async def allowed(current: PagePrincipalDep) -> Principal:
        return check_role(current, *roles)

    return allowed


def check_role(current: Principal, *roles: Role) -> Principal:
    """`current` if one of `roles` is its own. Raises Unauthorized for nobody, Forbidden for anybody else."""
    if current.is_anonymous:
        raise Unauthorized
    if not current.has(*roles):
        raise Forbidden
    return current


def _tokens(request: Request) -> TokenVerifier:
    tokens: TokenVerifier = request.app.state.parts.tokens
    return tokens
