"""What goes wrong between a service and its database, by name: what passes, what was refused, and what nobody can know."""

import sqlite3

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

# PostgreSQL's SQLSTATEs, and classes of them, of what passes: connection, rollback by the engine, resources, intervention, locks, idleness.
PASSING = frozenset({"08", "40", "53", "57", "58", "55P03", "25P03"})
REFUSALS = frozenset({"23", "40"})  # constraints that waited for the commit, rollback by the engine


class CommitUnknown(OperationalError):
    """The answer to COMMIT was lost: what was written may be kept, or not."""


def is_refusal(error: Exception) -> bool:
    """Whether an error of COMMIT is the engine's answer that nothing was kept; after any other nobody knows."""
    return isinstance(error, IntegrityError) or _sqlstate(getattr(error, "orig", error))[:2] in REFUSALS


def will_pass(error: BaseException) -> bool:
    """Whether the trouble lies with the database for the moment, so that the same may succeed later.

    SQLAlchemy does not wrap what goes wrong while connecting: a refusal is the socket's error, a full or starting server asyncpg's.
    Where a statement meets the farewell of a server that is just going, asyncpg calls it an internal error of its own.
    InterfaceError is not among them: it is how asyncpg refuses a statement before it is sent (too many parameters, values that it cannot
    encode). A closed connection is named OperationalError (`name_passing_error`).
    """
    passing = OperationalError | PoolExhausted | ConnectionError | TimeoutError | asyncpg.InternalClientError
    return isinstance(error, passing) or _passes(error)


def name_passing_error(context: ExceptionContext) -> BaseException | None:
    """Call a trouble that passes by its name, OperationalError: asyncpg's adapter gives locks, time-outs and ends no kind of their own."""
    error, original = context.sqlalchemy_exception, context.original_exception
    if isinstance(original.__cause__, asyncpg.InternalClientError):  # before the driver counts the connection as closed
        context.is_disconnect = True
    if isinstance(error, DBAPIError) and (context.is_disconnect or _passes(original)):
        away = context.is_disconnect
        return OperationalError(error.statement, None, original, hide_parameters=True, connection_invalidated=away)
    return None


def name_statement_fault(context: ExceptionContext) -> BaseException | None:
    """Call a statement that SQLite cannot carry out by its name, ProgrammingError: its driver gives it the kind of a locked file."""
    error, original = context.sqlalchemy_exception, context.original_exception
    if isinstance(error, OperationalError) and getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return ProgrammingError(error.statement, None, original, hide_parameters=True)
    return None


def named(error: Exception, statement: str, *, away: bool) -> DBAPIError:
    """An error of asyncpg's own, where it was called beneath SQLAlchemy, as SQLAlchemy would have raised it."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return IntegrityError(statement, None, error, hide_parameters=True)
    kind = OperationalError if away or will_pass(error) else DBAPIError
    return kind(statement, None, error, hide_parameters=True, connection_invalidated=away)


def _passes(error: BaseException) -> bool:
    sqlstate = _sqlstate(error)
    return sqlstate in PASSING or sqlstate[:2] in PASSING


def _sqlstate(error: object) -> str:
    return str(getattr(error, "sqlstate", None) or "")
