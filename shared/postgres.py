"""PostgreSQL through asyncpg: engine, pool and session settings of a process."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.database_errors import name_passing_error

POOL_SIZE = 10  # connections; two processes of each of the four services stay below the usual server limit of 100
IDLE_TIMEOUT_MS = 5_000  # in a transaction: a suspended process must not hold row locks for ever
LOCK_TIMEOUT_MS = 5_000  # a waiting session gets an error and tries again


def engine(url: str, service: str, session_settings: Mapping[str, str] | None = None) -> AsyncEngine:
    """Return the SQLAlchemy engine of one process of a service. `session_settings` are set in addition to the usual ones."""
    settings = {
        "application_name": f"aryz {service}",
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
        "jit": "off",  # compilation takes longer than any statement here
        **(session_settings or {}),
    }
    # No overflow: a connection opened for one request costs it ten milliseconds of password hashing.
    made = create_async_engine(url, pool_size=POOL_SIZE, max_overflow=0, json_serializer=_json, connect_args={"server_settings": settings})
    event.listen(made.sync_engine, "handle_error", name_passing_error)
    event.listen(made.sync_engine, "checkout", _pass_over_closed)
    return made


def _json(value: Any) -> str:
    """Serialise a value as JSON, in a quarter of the time of the standard library."""
    return to_json(value).decode()


def _pass_over_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Discard a pooled connection that the server has closed.

    The driver knows without asking; SQLAlchemy's ping takes three round trips.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
