"""PostgreSQL through asyncpg: TLS, engine, pool and session settings of a process.

Session settings are set by a statement after connecting and not in the start-up packet: PgBouncer refuses packets with settings that it
does not know.
"""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.database_errors import name_passing_error
from shared.settings import BadSettings, MissingSetting

POOL_SIZE = 10  # connections; two processes of each of the four services stay below the usual server limit of 100
IDLE_TIMEOUT_MS = 5_000  # in a transaction: a suspended process must not hold row locks for ever
LOCK_TIMEOUT_MS = 5_000  # a waiting session gets an error and tries again
TLS_PARAMETERS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey")
"""The parameters of a URL that say how TLS is used. Names and meaning are those of libpq, whose programs read the same URL."""
TLS_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_BACKEND = text("SELECT pg_backend_pid()")


class TransactionPooling(RuntimeError):
    """A pooler gives each transaction another session of the server."""

    def __init__(self) -> None:
        super().__init__(
            "the pooler in ARYZ_DATABASE_URL changes the server's session between transactions: prepared statements, session settings and "
            "locks would be lost; set pool_mode = session, or give the address of the server itself"
        )


def engine(url: str, service: str, session_settings: Mapping[str, str] | None = None) -> AsyncEngine:
    """Return the SQLAlchemy engine of one process of a service. `session_settings` are set in addition to the usual ones."""
    settings = {
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
        "jit": "off",  # compilation takes longer than any statement here
        **(session_settings or {}),
    }
    # No overflow: a connection opened for one request costs it ten milliseconds of password hashing.
    made = open_engine(url, name=f"aryz {service}", settings=settings, pool_size=POOL_SIZE, max_overflow=0, json_serializer=_json)
    event.listen(made.sync_engine, "handle_error", name_passing_error)
    event.listen(made.sync_engine, "checkout", _pass_over_closed)
    return made


def open_engine(url: str | URL, *, name: str = "aryz", settings: Mapping[str, str] | None = None, **options: Any) -> AsyncEngine:
    """Return an engine whose connections use TLS as the URL says and begin with these session settings.

    `options` are those of `create_async_engine`. Raises MissingSetting and BadSettings, see `tls`.
    """
    address = make_url(url)
    security = tls(address)
    made = create_async_engine(address, connect_args={"server_settings": {"application_name": name}}, **options)

    @event.listens_for(made.sync_engine, "do_connect")
    def secure(_dialect: object, _record: object, _positional: object, arguments: dict[str, Any]) -> None:
        for parameter in TLS_PARAMETERS:
            arguments.pop(parameter, None)
        arguments.update(security)

    if settings:
        statement = "; ".join(f"SET {setting} = '{value}'" for setting, value in settings.items())

        @event.listens_for(made.sync_engine, "connect")
        def configure(connection: Any, _record: object) -> None:
            connection.run_async(lambda driver: driver.execute(statement))

    return made


def tls(url: URL) -> dict[str, Any]:
    """Return asyncpg's arguments for the TLS parameters of a URL.

    Raises MissingSetting if a parameter is missing or a file cannot be used, BadSettings for an unknown mode.
    """
    given = {name: str(url.query[name]) for name in TLS_PARAMETERS if name in url.query}
    mode = given.get("sslmode")
    if mode is None:
        if given:
            raise MissingSetting(f"ARYZ_DATABASE_URL names {', '.join(given)} and no sslmode; add sslmode=verify-full")
        return {}
    if mode not in TLS_MODES:
        raise BadSettings(f"sslmode in ARYZ_DATABASE_URL has to be one of {', '.join(TLS_MODES)}")
    if mode in {"disable", "allow", "prefer"} or (mode == "require" and len(given) == 1):
        return {"ssl": mode}
    return {"ssl": _context(mode, *(given.get(name) for name in TLS_PARAMETERS[1:]))}


@cache
def _context(mode: str, authority: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """Build the context once per process; without an authority the system's are trusted."""
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except OSError as error:  # includes ssl.SSLError
        names = "sslrootcert, sslcert, sslkey in ARYZ_DATABASE_URL"
        raise MissingSetting(f"{names}: a file is missing or is not what it should be ({error})") from error
    context.check_hostname = mode == "verify-full"
    if mode == "require" and authority is None:
        context.verify_mode = ssl.CERT_NONE
    return context


async def check_sessions(made: AsyncEngine) -> None:
    """Raise TransactionPooling if a connection does not stay with one session of the server.

    While a second connection is in a transaction, a pooler in transaction mode serves the first one by another session than before, or had
    given the session of the first one to the second.
    """
    single = made.execution_options(isolation_level="AUTOCOMMIT")
    async with single.connect() as first:
        before = await first.scalar(_BACKEND)
        async with made.connect() as second:
            other = await second.scalar(_BACKEND)
            after = await first.scalar(_BACKEND)
    if other == before or after != before:
        raise TransactionPooling


def _json(value: Any) -> str:
    """Serialise a value as JSON, in a quarter of the time of the standard library."""
    return to_json(value).decode()


def _pass_over_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Discard a pooled connection that the server has closed.

    The driver knows without asking; SQLAlchemy's ping takes three round trips.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
