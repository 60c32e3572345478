"""PostgreSQL through asyncpg: a pool whose sessions let go of what they hold, and which notices a server that went away."""

from typing import Any

from pydantic_core import to_json
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.database_errors import name_passing_error

POOL_SIZE = 10  # connections a process keeps to its database; two processes of each of four services stay below a server's usual 100
IDLE_TIMEOUT_MS = 5_000  # in a transaction: a stopped process must not hold its rows for ever
LOCK_TIMEOUT_MS = 5_000  # whoever waits for them hears of it, and comes again


def engine(url: str, service: str) -> AsyncEngine:
    """What one process of a service has of its database."""
    settings = {
        "application_name": f"aryz {service}",
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
        "jit": "off",  # compiling takes longer than any statement here runs
    }
    # Nothing beyond the pool: a connection made for one request and closed again costs it ten milliseconds of password hashing.
    made = create_async_engine(url, pool_size=POOL_SIZE, max_overflow=0, json_serializer=_json, connect_args={"server_settings": settings})
    event.listen(made.sync_engine, "handle_error", name_passing_error)
    event.listen(made.sync_engine, "checkout", _pass_over_closed)
    return made


def _json(value: Any) -> str:
    """What the standard library would write, in a quarter of its time."""
    return to_json(value).decode()


def _pass_over_closed(connection: Any, _record: object, _proxy: object) -> None:
    """A server that went away has closed its sockets, which the driver knows without asking; SQLAlchemy's ping takes three round trips."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
