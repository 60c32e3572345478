"""Classification of database errors: transient ones, refused commits, and commits whose result is unknown."""

import sqlite3
import ssl

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

# SQLSTATEs and classes of transient errors: connection, rollback by the engine, resources, intervention, locks, idle time-outs.
PASSING = frozenset({"08", "40", "53", "57", "58", "55P03", "25P03"})
NO_SUCH_DATABASE = "3D000"
LOST_STATEMENTS = frozenset({"26000", "42P05"})  # the statement does not exist, or another one of its name does
POOLER = "08P01"  # PgBouncer's SQLSTATE of most refusals
REFUSALS = frozenset({"23", "40"})  # deferred constraints, rollback by the engine


class CommitUnknown(OperationalError):
    """The reply to COMMIT was lost. The transaction may be stored or not."""


def is_refusal(error: Exception) -> bool:
    """Return whether an error of COMMIT proves that nothing was stored. After any other error the result is unknown."""
    return isinstance(error, IntegrityError) or _sqlstate(getattr(error, "orig", error))[:2] in REFUSALS


def will_pass(error: BaseException) -> bool:
    """Return whether the error is transient, so that the same operation may succeed later.

    SQLAlchemy does not wrap errors of connecting: a refused connection is the socket's error, a full or starting server is
    asyncpg's. A statement that meets a server shutting down raises asyncpg's InternalClientError. InterfaceError is not
    transient: asyncpg raises it for a statement that it does not send (too many parameters, values that it cannot encode). A
    closed connection is an OperationalError (see `name_passing_error`).
    """
    passing = OperationalError | PoolExhausted | ConnectionError | TimeoutError | asyncpg.InternalClientError
    return isinstance(error, passing) or _passes(error)


def is_transient(error: BaseException) -> bool:
    """Return whether a loop in the background should wait and try again: the error will pass, or it is an OSError.

    A loop calls engines, other services and the file system, whose failures are OSErrors. In a request an OSError that is not one
    of `will_pass` is a fault of the program: the client would try again for nothing.
    """
    return isinstance(error, OSError) or will_pass(error)


def start_fault(error: BaseException) -> str | None:
    """Return what an operator has to change before PostgreSQL can be used, as a sentence without secrets. None: waiting may help."""
    original = getattr(error, "orig", None) or error
    state, message = _sqlstate(original), str(original).partition("\n")[0]
    if isinstance(original, ssl.SSLCertVerificationError):
        return (
            f"the certificate of the database is not accepted ({original.verify_message}): sslrootcert in ARYZ_DATABASE_URL has to be the "
            "file of the authority that signed it, and the host has to be a name in it"
        )
    if isinstance(original, ssl.SSLError) or "rejected SSL upgrade" in message:
        return (
            "the database and this process cannot agree on TLS: see sslmode in ARYZ_DATABASE_URL, and the certificate and ssl of the server"
        )
    if state == "28P01" or (state == POOLER and "authentication failed" in message):
        return "the database refuses role and password: correct them in ARYZ_DATABASE_URL"
    if message == "SSL required" or (state == "28000" and "no encryption" in message):
        return "the database accepts TLS alone: add sslmode=verify-full and sslrootcert to ARYZ_DATABASE_URL"
    if state[:2] == "28":
        return "the database refuses this role, or connections from this address: see ARYZ_DATABASE_URL and the server's pg_hba.conf"
    return None


def loses_statements(error: BaseException) -> bool:
    """Return whether a prepared statement was not where the driver had prepared it: a pooler has changed the session."""
    return _sqlstate(getattr(error, "orig", None) or error) in LOST_STATEMENTS


def is_missing_database(error: BaseException) -> bool:
    """Return whether the server, or PgBouncer in front of it, has no database of this name."""
    original = getattr(error, "orig", None) or error
    state = _sqlstate(original)
    return state == NO_SUCH_DATABASE or (state == POOLER and str(original).endswith("does not exist"))


def name_passing_error(context: ExceptionContext) -> BaseException | None:
    """Convert a transient error to OperationalError.

    asyncpg's adapter has no class of its own for locks, time-outs and lost connections.
    """
    error, original = context.sqlalchemy_exception, context.original_exception
    if isinstance(original.__cause__, asyncpg.InternalClientError):  # before the driver marks the connection as closed
        context.is_disconnect = True
    if isinstance(error, DBAPIError) and (context.is_disconnect or _passes(original)):
        away = context.is_disconnect
        return OperationalError(error.statement, None, original, hide_parameters=True, connection_invalidated=away)
    return None


def name_statement_fault(context: ExceptionContext) -> BaseException | None:
    """Convert a faulty SQLite statement to ProgrammingError. The driver reports it with the class of a locked file."""
    error, original = context.sqlalchemy_exception, context.original_exception
    if isinstance(error, OperationalError) and getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return ProgrammingError(error.statement, None, original, hide_parameters=True)
    return None


def named(error: Exception, statement: str, *, away: bool) -> DBAPIError:
    """Convert an asyncpg error, raised below SQLAlchemy, to the error that SQLAlchemy would have raised."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return IntegrityError(statement, None, error, hide_parameters=True)
    kind = OperationalError if away or will_pass(error) else DBAPIError
    return kind(statement, None, error, hide_parameters=True, connection_invalidated=away)


def named_by_sqlite(error: sqlite3.Error, statement: str) -> DBAPIError:
    """Convert an error of SQLite's driver, raised below SQLAlchemy, to the error that SQLAlchemy would have raised."""
    if (
        getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    ):  # a faulty statement, which the driver gives the class of a locked file
        return ProgrammingError(statement, None, error, hide_parameters=True)
    found = DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True)
    return found if isinstance(found, DBAPIError) else DBAPIError(statement, None, error, hide_parameters=True)


def _passes(error: BaseException) -> bool:
    sqlstate = _sqlstate(error)
    return sqlstate in PASSING or sqlstate[:2] in PASSING


def _sqlstate(error: object) -> str:
    return str(getattr(error, "sqlstate", None) or "")
