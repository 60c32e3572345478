"""`aryz demo`: realistic appeals through the public API of a running suite, and a table that must agree with the figures."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

import httpx
import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.auth import STAFF
from shared.command import REFUSALS
from shared.settings import ServiceSettings
from suite import process, processes, throwaway, verification
from suite.demo import figures, timing
from suite.demo.appeals import complaints_about, generate
from suite.demo.surface import DemoFailed, Surface, Where
from suite.demo.traffic import Done, Traffic
from suite.pages import demo_users
from suite.tokens import issue

PATIENCE_SECONDS = 120
POLL_SECONDS = 0.1
NEARLY_THERE = 200  # uncounted appeals: from here on the figures are polled more often
FILLED = 150
FILLED_PER_SECOND = 30  # so that the pages stay responsive meanwhile

log = structlog.get_logger("demo")

__all__ = ["DemoFailed", "fill", "play", "run"]


def run(*, appeals: int, seed: int, url: str | None, rate: float | None, data: Path) -> bool:
    """Run the demo and print its table. Returns whether the figures agree and, on the demo's own suite, all checks hold."""
    console = Console()
    try:
        with _somewhere(url, data, console) as (where, settings):
            agrees = asyncio.run(play(where, settings, appeals=appeals, seed=seed, rate=rate, console=console))
            return agrees and (url is not None or verification.run(settings.data, console, prefix=settings.prefix))
    except (DemoFailed, process.SuiteDidNotStart, processes.ProcessEnded, *REFUSALS) as failure:
        console.print("aryz demo:", str(failure), style="red", markup=False)
    except httpx.TransportError as failure:
        console.print(f"aryz demo: {url} does not answer ({type(failure).__name__})", style="red", markup=False)
    return False


@contextmanager
def _somewhere(url: str | None, data: Path, console: Console) -> Iterator[tuple[Where, ServiceSettings]]:
    """Yield the suite to use: the one at `url`, else a new one, as processes under a prefix if engines are set, else as one process."""
    if url is not None:
        yield url.rstrip("/"), ServiceSettings(data=data)
        return
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="aryz-demo-") as folder:
        engines = ServiceSettings(data=Path(folder), prefix=f"demo_{uuid4().hex[:8]}")
        if engines.kafka_bootstrap or engines.database_url:
            console.print(f"an api and a worker of each service, under the prefix {engines.prefix}")
            with throwaway.prefix(engines), processes.Processes(engines.data, environment=_environment(engines)) as running:
                console.print(f"ready after {perf_counter() - began:.1f} s")
                yield running.urls, engines
        else:
            with process.running(engines.data) as suite:
                console.print(f"a suite of its own at {suite.url}, ready after {perf_counter() - began:.1f} s")
                yield suite.url, ServiceSettings(data=suite.data)


def _environment(engines: ServiceSettings) -> dict[str, str]:
    return process.UNLIMITED | {"ARYZ_PREFIX": engines.prefix}


async def play(where: Where, settings: ServiceSettings, *, appeals: int, seed: int, rate: float | None = None, console: Console) -> bool:
    """Send the appeals, wait until all are counted, and print the table. `settings`: keys and log of the suite at `where`.

    Raises DemoFailed if the suite refuses a request.
    """
    surface = _surface(where, settings.data)
    try:
        await surface.import_directory()
        providers = await surface.directory()
        texts = generate(appeals, seed, providers)
        before = await figures.read(surface)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            sending, counting = progress.add_task("accepted", total=appeals), progress.add_task("counted", total=appeals)
            traffic = Traffic(surface, seed, lambda: progress.advance(sending))
            counted_at = asyncio.create_task(
                _counted(surface, sum(before["received"].values()), appeals, lambda now: progress.update(counting, completed=now))
            )
            done = await traffic.run(texts, rate=rate)
            last_count = await counted_at
        return await _report(surface, settings, before, done, last_count, console)
    finally:
        await surface.close()


def _surface(where: Where, data: Path) -> Surface:
    def token(role: str, provider_id: str | None) -> str:
        return issue(data, role, provider_id=UUID(provider_id) if provider_id else None, subject=f"demo-{role}", name="Сынақ Демо")

    return Surface(where, token)


async def fill(url: str, data: Path) -> None:
    """Register the demo users at the desk, and add a directory and some appeals if there are none yet."""
    surface = _surface(url, data)
    try:
        for user in demo_users():
            if user.role in STAFF:
                await surface.visit_desk(issue(data, user.role, region=user.region, subject=user.subject, name=user.name))
        if not await surface.has_cases():
            await surface.import_directory()
            await surface.import_contacts()
            appeals = generate(FILLED, seed=1, providers=await surface.directory(), kinds_of="kinds_to_look_at")
            await Traffic(surface, 1, lambda: None).run(appeals, rate=FILLED_PER_SECOND)
            await _ask_demo_providers(surface)
            log.info("demo data is there", appeals=FILLED)
    except (DemoFailed, httpx.TransportError) as failure:
        log.warning("no demo data", reason=type(failure).__name__)
    finally:
        await surface.close()


async def _ask_demo_providers(surface: Surface) -> None:
    """File complaints about the organisations of the demo users, so that their inboxes are not empty."""
    known = {provider.name_ru: provider for provider in await surface.directory()}
    for user in demo_users():
        provider = known.get(user.provider or "")
        for appeal in complaints_about(provider) if provider else ():
            await surface.register(appeal, str(uuid4()))


async def _counted(surface: Surface, before: int, appeals: int, show: Callable[[int], None]) -> float:
    """Return when the last appeal was counted (perf_counter). Gives up when nothing changes for a minute."""
    last, moved_at = before, perf_counter()
    while perf_counter() - moved_at < PATIENCE_SECONDS:
        now = await figures.received(surface)
        if now != last:
            last, moved_at = now, perf_counter()
            show(now - before)
        missing = before + appeals - now
        if missing <= 0:
            break
        await asyncio.sleep(POLL_SECONDS if missing < NEARLY_THERE else 5 * POLL_SECONDS)
    return moved_at


async def _report(
    surface: Surface, settings: ServiceSettings, before: figures.Figures, done: Done, last_count: float, console: Console
) -> bool:
    expected = figures.sent(done)
    deadline = perf_counter() + PATIENCE_SECONDS
    after = await figures.read(surface)
    while not (agrees := figures.agree(expected, before, after)) and perf_counter() < deadline:
        await asyncio.sleep(POLL_SECONDS)
        after = await figures.read(surface)
    console.print(figures.table(expected, before, after))
    count, sending = len(done.appeals), done.accepted - done.began
    console.print(f"accepted {count} in {sending:.1f} s: {count / sending:.0f} appeals/s")
    console.print(f"first sent to last counted {last_count - done.began:.1f} s")
    console.print(f"closed by clerks {done.outcomes.total()}, inquiries answered by providers {done.inquiries_answered}")
    if latencies := await timing.registered_to_routed(settings, {appeal_id for _, appeal_id in done.appeals}):
        p50, p99 = (timing.percentile(latencies, percent) * 1000 for percent in (50, 99))
        console.print(f"registered to routed: p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {latencies[-1] * 1000:.0f} ms")
    console.print("[green]everything agrees[/]" if agrees else "[red]the figures do not agree with what was sent[/]")
    return agrees
