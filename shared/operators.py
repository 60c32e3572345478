"""Access for operators: to metrics always, and to the description of the API in production."""

from hmac import compare_digest
from ipaddress import ip_network
from typing import Final

from fastapi import HTTPException, Request

from shared.auth import InvalidToken, Principal
from shared.auth.dependencies import page_principal, principal
from shared.client_address import client_address, is_trusted
from shared.settings import ServiceSettings

# A request with one of these came through a proxy. Unless that proxy is trusted, its origin is unknown.
FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


class OperatorAccess:
    """The operator's networks and token from the settings."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._networks = tuple(map(ip_network, settings.metrics_networks))
        self._proxies = tuple(map(ip_network, settings.trusted_proxies))
        self._token = settings.metrics_token.get_secret_value().encode() if settings.metrics_token else None
        self._is_production = settings.env == "production"

    def is_operator(self, request: Request) -> bool:
        """Return whether the request carries the operator's token or comes from one of the operator's networks."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self._token is not None and scheme.lower() == "bearer" and compare_digest(token.strip().encode(), self._token):
            return True
        peer = request.client.host if request.client else ""
        if any(name in request.headers for name in FORWARDED) and not is_trusted(peer, self._proxies):
            return False
        return is_trusted(client_address(request, self._proxies), self._networks)

    async def require_reader(self, request: Request) -> None:
        """Dependency of the API's description. Raises 404 in production for strangers.

        Operators are no strangers, nor is anybody with a token or a page session with a role other than applicant.
        """
        if self._is_production and not self.is_operator(request) and not _is_known(await _principal(request)):
            raise HTTPException(404)


async def require_operator(request: Request) -> None:
    """Dependency of `/metrics`. Raises 404 for everybody except operators, as if the path did not exist."""
    access: OperatorAccess = request.app.state.operators
    if not access.is_operator(request):
        raise HTTPException(404)


async def _principal(request: Request) -> Principal:
    """Return the principal of the bearer token, else of the page session. An invalid token gives the anonymous principal."""
    try:
        current = await principal(request)
    except InvalidToken:
        return Principal.anonymous()
    return await page_principal(request) if current.is_anonymous else current


def _is_known(current: Principal) -> bool:
    return bool(current.roles - {"applicant"})
