"""A real Chromium on a real server: pages are seen as a visitor sees them, and nothing may leave their origin unnoticed."""

import asyncio
import inspect
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import pytest_asyncio
import uvicorn
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from tests.patience import PATIENCE

Serve = Callable[[Any], Awaitable[str]]
Visit = Callable[..., Awaitable[Page]]

CHROMIUM = ("chromium-headless-shell", "chromium")
"""The same engine. The shell draws no window around a page, which takes two thirds of the processor time of opening one."""
LOOP = "session"
"""One event loop for the whole run, because Chromium and its driver live in it: to start them takes longer than most tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Run tests of pages in the loop of the browser."""
    if item.get_closest_marker("asyncio"):
        item.add_marker(pytest.mark.asyncio(loop_scope=LOOP), append=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Run fixtures of pages in the loop of the browser."""
    with pytest.MonkeyPatch.context() as patched:
        if inspect.iscoroutinefunction(fixturedef.func) or inspect.isasyncgenfunction(fixturedef.func):
            patched.setattr(fixturedef.func, "_loop_scope", LOOP, raising=False)
        return (yield)


async def submit(page: Page, selector: str) -> None:
    """Click a button that sends a form, and wait for the page that answers: a click alone returns while the old page is still there."""
    async with page.expect_navigation():
        await page.click(selector)


async def turn_screen(page: Page, to: str = "next") -> None:
    """Turn the form's screen on a phone; on a wide page and without scripts there is nothing to turn."""
    button = page.locator(f"[data-{to}]")
    if await button.count() and await button.is_visible():
        await button.click()


async def to_first_screen(page: Page) -> None:
    """Turn back to the form's first screen."""
    while await page.locator("[data-back]").is_visible():
        before = int(await page.locator("[data-now]").inner_text()) - 1
        await turn_screen(page, "back")
        await page.locator("[data-now]", has_text=str(before)).wait_for()


async def send_at_once(page: Page, selector: str) -> None:
    """Send a form by a button that stands on another screen."""
    async with page.expect_navigation():
        await page.locator(selector).evaluate("button => button.form.requestSubmit(button)")


@pytest_asyncio.fixture(scope="session", loop_scope=LOOP)
async def browser() -> AsyncIterator[Browser]:
    """Chromium as the system has it, once per run: each visit has its own context. Its absence skips here and fails on a build server."""
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        reason = "no Chromium on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`url = await serve(app)`: the application on a free loopback port until the test ends."""
    async with AsyncExitStack() as stack:

        async def start(app: Any) -> str:
            return await stack.enter_async_context(_served(app))

        yield start


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """`page = await visit(url, width=390, dark=True)`: opens a page; the test fails at its end if any page had a problem.

    A problem is a request to another origin, an uncaught exception, or an error in the console, as every breach of the content
    security policy is; an error status of the visited document itself is none. `cookies` go along, `javascript=False` turns it off.
    """
    problems: list[str] = []
    async with AsyncExitStack() as stack:

        async def open_page(
            url: str,
            *,
            width: int = 1280,
            dark: bool = False,
            javascript: bool = True,
            cookies: dict[str, str] | None = None,
            locale: str = "kk-KZ",
        ) -> Page:
            context = await browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if dark else "light",
                java_script_enabled=javascript,
                locale=locale,
            )
            context.set_default_timeout(PATIENCE * 1000)
            stack.push_async_callback(context.close)
            origin = urljoin(url, "/")
            await context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in (cookies or {}).items()])
            page = await context.new_page()
            _watch(page, url, problems)
            await page.goto(url, wait_until="networkidle")
            return page

        yield open_page
    assert problems == []


@pytest.fixture
def serious() -> Callable[[Page], Awaitable[list[str]]]:
    """`assert await serious(page) == []`: what axe finds of serious or critical impact, one line each."""

    async def check(page: Page) -> list[str]:
        if await page.evaluate("typeof axe === 'undefined'"):  # half a megabyte, which a page that is checked twice has
            await page.evaluate(AXE_SCRIPT)
        violations = await page.evaluate("axe.run({ resultTypes: ['violations'] }).then((results) => results.violations)")
        return [
            f"{violation['id']}: {node['html']} {node['failureSummary']}"
            for violation in violations
            if violation["impact"] in {"serious", "critical"}
            for node in violation["nodes"]
        ]

    return check


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=2))
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:
        if running.done():
            running.result()
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await running
    listener.close()


def _watch(page: Page, url: str, problems: list[str]) -> None:
    origin = urlsplit(url).netloc

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != origin:
            problems.append(f"request to {request.url}")

    def on_console(message: ConsoleMessage) -> None:
        own_status = message.text.startswith("Failed to load resource") and message.location.get("url") == page.url
        if message.type == "error" and not own_status:
            problems.append(f"console on {page.url}: {message.text}")

    page.on("request", on_request)
    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"exception on {page.url}: {error}"))
