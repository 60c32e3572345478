"""Request dependencies that every service uses. Routes declare them as parameters, after the principal whom the route is for.

FastAPI resolves parameters in their order: a request without the right role is refused before a transaction is opened.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from shared.auth import PrincipalDep
from shared.clock import Clock
from shared.contents import Contents
from shared.idempotency import Once, scope_of
from shared.idempotency_key import IdempotencyKey
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork, UnitsOfWork

__all__ = ["ClockDep", "ContentsDep", "OnceDep", "ReadDep", "SealerDep", "UnitOfWorkDep", "UnitsOfWorkDep"]


async def units_of_work(request: Request) -> UnitsOfWork:
    """Return the opener of transactions, for a route that asks other services before or between its transactions."""
    units: UnitsOfWork = request.app.state.parts.units
    return units


UnitsOfWorkDep = Annotated[UnitsOfWork, Depends(units_of_work)]


async def unit_of_work(units: UnitsOfWorkDep) -> AsyncIterator[UnitOfWork]:
    """Open a unit of work for the route function; commit when the function has returned and before the response is sent."""
    async with units.write() as work:
        yield work


async def snapshot(units: UnitsOfWorkDep) -> AsyncIterator[UnitOfWork]:
    """Open a snapshot for the route function, closed before the response is sent."""
    async with units.read() as work:
        yield work


UnitOfWorkDep = Annotated[UnitOfWork, Depends(unit_of_work, scope="function")]
ReadDep = Annotated[UnitOfWork, Depends(snapshot, scope="function")]


async def once(request: Request, units: UnitsOfWorkDep, principal: PrincipalDep, key: IdempotencyKey = None) -> Once:
    """Return what carries out a command once under the caller's Idempotency-Key. Keys count within the caller's own requests."""
    return Once(request.app.state.parts.idempotency, units, scope_of(principal), key)


async def clock(request: Request) -> Clock:
    found: Clock = request.app.state.parts.clock
    return found


async def sealer(request: Request) -> Sealer:
    found: Sealer = request.app.state.parts.sealer
    return found


async def contents(request: Request) -> Contents:
    """Return the client of the other services' contents. Ask it while no transaction is open."""
    found: Contents = request.app.state.parts.contents
    return found


OnceDep = Annotated[Once, Depends(once)]
ClockDep = Annotated[Clock, Depends(clock)]
SealerDep = Annotated[Sealer, Depends(sealer)]
ContentsDep = Annotated[Contents, Depends(contents)]
