"""What a request may repeat, and what a loop in the background waits for."""

import ssl

import asyncpg
import pytest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from shared.database_errors import is_missing_database, is_transient, loses_statements, start_fault, will_pass

PASSING = [
    OperationalError("", None, Exception()),
    PoolExhausted(),
    ConnectionRefusedError(),
    TimeoutError(),
    asyncpg.CannotConnectNowError("starting"),
    asyncpg.DeadlockDetectedError("rolled back"),
    asyncpg.InternalClientError("closing"),
]
FOR_LOOPS_ALONE = [OSError(28, "no space left on device"), FileNotFoundError("socket of an engine"), OSError(113, "no route to host")]
DEFECTS = [ValueError("a defect"), InterfaceError("", None, Exception()), asyncpg.DataError("too large"), RuntimeError()]


class TestATransientError:
    @pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
    def test_a_request_may_be_repeated_and_a_loop_waits(self, error):
        assert will_pass(error)
        assert is_transient(error)

    @pytest.mark.parametrize("error", FOR_LOOPS_ALONE, ids=str)
    def test_a_loop_waits_for_the_system_too_but_a_request_is_not_repeated(self, error):
        assert is_transient(error)
        assert not will_pass(error)

    @pytest.mark.parametrize("error", DEFECTS, ids=lambda error: type(error).__name__)
    def test_nobody_waits_for_a_defect(self, error):
        assert not is_transient(error)
        assert not will_pass(error)


def _unverified():
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "unable to get local issuer certificate"
    return error


WRONG_PASSWORD = 'password authentication failed for user "aryz"'
NOT_ENCRYPTED = 'no pg_hba.conf entry for host "127.0.0.1", user "aryz", database "postgres", no encryption'
FAULTS = [
    (asyncpg.InvalidPasswordError(WRONG_PASSWORD), "refuses role and password"),
    (asyncpg.ProtocolViolationError("SASL authentication failed"), "refuses role and password"),
    (asyncpg.InvalidAuthorizationSpecificationError(NOT_ENCRYPTED), "accepts TLS alone"),
    (asyncpg.ProtocolViolationError("SSL required"), "accepts TLS alone"),
    (asyncpg.InvalidAuthorizationSpecificationError('role "aryz" is not permitted to log in'), "refuses this role"),
    (_unverified(), "certificate of the database is not accepted"),
    (ssl.SSLError(1, "wrong version number"), "cannot agree on TLS"),
    (ConnectionError('PostgreSQL server at "db:5432" rejected SSL upgrade'), "cannot agree on TLS"),
]
WAITED_FOR = [asyncpg.CannotConnectNowError("starting"), ConnectionRefusedError(), asyncpg.ProtocolViolationError("server login failed")]


class TestAtAStart:
    @pytest.mark.parametrize(("error", "sentence"), FAULTS, ids=lambda value: str(value)[:30])
    def test_a_refusal_is_a_sentence_that_names_the_setting(self, error, sentence):
        for each in (error, OperationalError("", None, error)):
            assert sentence in start_fault(each)
        assert "ARYZ_DATABASE_URL" in start_fault(error)

    @pytest.mark.parametrize("error", WAITED_FOR, ids=lambda error: type(error).__name__)
    def test_whatever_may_pass_is_waited_for(self, error):
        assert start_fault(error) is None

    def test_a_pooler_that_changes_sessions_shows_by_its_statements(self):
        assert loses_statements(asyncpg.InvalidSQLStatementNameError("prepared statement does not exist"))
        assert loses_statements(OperationalError("", None, asyncpg.DuplicatePreparedStatementError("exists already")))
        assert not loses_statements(asyncpg.CannotConnectNowError("starting"))

    def test_a_database_that_is_missing_is_recognised_through_the_pooler_too(self):
        missing = 'database "aryz_intake" does not exist'
        for kind in (asyncpg.InvalidCatalogNameError, asyncpg.ProtocolViolationError):
            assert is_missing_database(kind(missing))
        assert not is_missing_database(asyncpg.ProtocolViolationError("SSL required"))
