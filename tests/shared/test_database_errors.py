"""What a request may repeat, and what a loop in the background waits for."""

import asyncpg
import pytest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from shared.database_errors import is_transient, will_pass

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
