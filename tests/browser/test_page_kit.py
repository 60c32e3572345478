from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.web.docs import mount_docs
from shared.web.errors import html_error_response
from shared.web.pages import Flash, Pages, Viewer
from shared.web.security import SecurityHeaders

pytestmark = pytest.mark.browser
DEMO = Path(__file__).parents[1] / "shared" / "web" / "demo" / "templates"
AT = datetime(2026, 11, 23, 11, 40, tzinfo=UTC)
USERS = [
    {"subject": "specialist-43", "label": "Сынақ Маман", "role_label": "Маман", "region_label": "Қызылорда облысы"},
    {"subject": "head-27", "label": "Сынақ Басшы", "role_label": "Басшы", "region_label": "Батыс Қазақстан облысы"},
]


def demo_service() -> FastAPI:
    app = FastAPI(title="Demo", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(DEMO, flashes={"saved": Flash("Home")})
    pages.mount_static(app)
    mount_docs(app)

    @app.get("/")
    async def demo(request: Request) -> HTMLResponse:
        """Everything at once."""
        request.state.viewer = Viewer("Сынақ Маман", "Маман · Қызылорда")
        return pages.render(request, "demo.html", at=AT, zone="Asia/Qyzylorda", provider="5 емхана")

    @app.get("/sign-in")
    async def sign_in(request: Request) -> HTMLResponse:
        return pages.render(request, "sign_in.html", users=USERS, next="/", error=None)

    @app.get("/lost")
    async def lost(request: Request) -> HTMLResponse:
        return html_error_response(request, 404, "not-found")

    app.add_middleware(SecurityHeaders)
    return app


def mounted() -> FastAPI:
    house = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    house.mount("/intake", demo_service())
    return house


class TestThePageKit:
    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize("width", [390, 1280])
    async def test_every_component_is_accessible_and_fits_the_screen(self, serve, visit, serious, width, dark):
        url = await serve(mounted())
        for path in ("/intake/?flash=saved", "/intake/sign-in", "/intake/lost"):
            page = await visit(url + path, width=width, dark=dark)
            assert await serious(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width

    async def test_the_language_is_kept_from_page_to_page(self, serve, visit):
        page = await visit(await serve(mounted()) + "/intake/")
        await page.get_by_role("link", name="Русский").click()
        assert await page.locator("html").get_attribute("lang") == "ru"
        await page.goto(page.url.split("?", maxsplit=1)[0])
        assert await page.locator("html").get_attribute("lang") == "ru"

    async def test_what_was_entered_wrongly_is_reached_first(self, serve, visit):
        page = await visit(await serve(mounted()) + "/intake/")
        assert await page.evaluate("document.activeElement.id") == "error-summary"
        await page.locator("#error-summary a").first.click()
        assert await page.evaluate("document.activeElement.id") == "f-phone"

    async def test_a_form_is_sent_once_however_often_its_button_is_pressed(self, serve, visit):
        page = await visit(await serve(mounted()) + "/intake/sign-in")
        stopped = await page.evaluate(
            """() => {
                const stopped = [];
                window.addEventListener("submit", (event) => { stopped.push(event.defaultPrevented); event.preventDefault(); });
                const button = document.querySelector("button.door");
                button.click();
                button.click();
                return stopped;
            }"""
        )
        assert stopped == [False, True]

    async def test_a_target_is_large_enough_for_a_finger(self, serve, visit):
        page = await visit(await serve(mounted()) + "/intake/", width=390)
        small = await page.evaluate(
            "[...document.querySelectorAll('.btn, .main-nav a, .lang a, .choice, .tabs a, summary, input[type=tel], select')]"
            ".filter(e => e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)"
        )
        assert small == []

    async def test_the_accessibility_check_sees_a_field_without_a_label(self, serve, visit, serious):
        page = await visit(await serve(mounted()) + "/intake/")
        await page.evaluate("document.querySelector('label[for=f-phone]').remove()")
        assert "label" in [line.split(":")[0] for line in await serious(page)]


class TestTheDocumentation:
    async def test_it_is_drawn_without_another_origin_or_an_inline_script(self, serve, visit):
        page = await visit(await serve(mounted()) + "/intake/docs")
        await page.get_by_text("Everything at once").or_(page.locator(".opblock")).first.wait_for()
