"""Accepted appeals a second on one machine: the suite in its process, 32 keep-alive connections in this one."""

import argparse
import asyncio
import os
import platform
import ssl
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

import httpx
from rich.console import Console
from rich.table import Table

from shared.settings import ServiceSettings
from suite import process
from suite.demo.timing import percentile, registered_to_routed
from suite.tokens import issue
from tests.benchmarks.accept import BODY

WARM_UP_SECONDS = 1.0


async def accept(url: str, token: str, connections: int, seconds: float) -> tuple[list[float], list[str], float]:
    """Seconds each accepted appeal took, ascending, their ids, and how long it all went on."""
    took: list[float] = []
    accepted: list[str] = []
    headers, context = {"Authorization": f"Bearer {token}"}, ssl.create_default_context()
    async with AsyncExitStack() as open_clients:
        # A client a connection: one pool of many searches all of them at every request and would be what is measured.
        clients = [
            httpx.AsyncClient(base_url=url, headers=headers, verify=context, timeout=30, trust_env=False) for _ in range(connections)
        ]
        for client in clients:
            await open_clients.enter_async_context(client)

        async def send(http: httpx.AsyncClient, until: float, *, counted: bool) -> None:
            while (began := perf_counter()) < until:
                answer = await http.post("/intake/v1/appeals", json=BODY)
                assert answer.status_code == httpx.codes.CREATED, answer.text
                if counted:
                    took.append(perf_counter() - began)
                    accepted.append(answer.json()["appeal_id"])

        await asyncio.gather(*(send(client, perf_counter() + WARM_UP_SECONDS, counted=False) for client in clients))
        began = perf_counter()
        await asyncio.gather(*(send(client, began + seconds, counted=True) for client in clients))
        return sorted(took), accepted, perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aryz-bench-") as folder, process.running(Path(folder)) as suite:
        token = issue(suite.data, "channel")
        took, accepted, lasted = asyncio.run(accept(suite.url, token, chosen.connections, chosen.seconds))
        routed = asyncio.run(registered_to_routed(ServiceSettings(data=suite.data), set(accepted)))
    table = Table("", "Value", title=f"Accepting appeals: {os.cpu_count()} cores, Python {platform.python_version()}", title_justify="left")
    table.columns[1].justify = "right"
    table.add_row("connections", f"{chosen.connections}")
    table.add_row("accepted", f"{len(took)} in {lasted:.1f} s")
    table.add_row("accepted a second", f"{len(took) / lasted:.0f}")
    for percent in (50, 99):
        table.add_row(f"answer p{percent}, ms", f"{percentile(took, percent) * 1000:.0f}")
    table.add_row("routed by the end", f"{len(routed)}")
    Console().print(table)


if __name__ == "__main__":
    main()
