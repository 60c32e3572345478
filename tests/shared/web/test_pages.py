import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import Depends, FastAPI
from jinja2 import Environment, UndefinedError, nodes
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse

from shared.web.docs import mount_docs
from shared.web.errors import html_error_response, prefers_html
from shared.web.i18n import N_
from shared.web.pages import FORMATS, Flash, Pages, Viewer
from shared.web.security import CSP, SecurityHeaders, require_same_origin

ROOT = Path(__file__).parents[3]
DEMO = Path(__file__).parent / "demo" / "templates"
AT = datetime(2026, 11, 23, 11, 40, tzinfo=UTC)


@pytest.fixture
def house() -> FastAPI:
    """A service as the assembly mounts it, under /intake."""
    service = FastAPI(title="Demo", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(DEMO, flashes={"kept": Flash(N_("Home"))})
    pages.mount_static(service)
    mount_docs(service)

    @service.get("/")
    async def demo(request: Request, provider: str = "") -> HTMLResponse:
        request.state.viewer = Viewer("Сынақ Маман") if provider == "signed in" else None
        return pages.render(request, "demo.html", at=AT, zone="Asia/Qyzylorda", provider=provider)

    @service.get("/broken")
    async def broken(request: Request) -> HTMLResponse:
        return pages.render(request, "demo.html")

    @service.get("/lost/{status}")
    async def lost(request: Request, status: int) -> HTMLResponse:
        return html_error_response(request, status, "some-code", {"Retry-After": "7"})

    @service.get("/v1/figures")
    async def figures(request: Request) -> JSONResponse:
        return JSONResponse({"html": prefers_html(request)}, headers={"Cache-Control": "public, max-age=60"})

    @service.post("/form", dependencies=[Depends(require_same_origin)])
    async def form() -> HTMLResponse:
        return HTMLResponse(pages.redirect("/intake/?a=1", flash="kept").headers["location"])

    service.add_middleware(SecurityHeaders)
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    app.mount("/intake", service)
    return app


@pytest.fixture
async def client(house):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(house), base_url="http://aryz.example") as client:
        yield client


class TestRender:
    async def test_every_component_speaks_the_visitors_language(self, client):
        for language, words in {"kk": "(міндетті емес)", "ru": "(необязательно)", "en": "(optional)"}.items():
            page = await client.get("/intake/", headers={"Accept-Language": language})
            assert words in page.text
            assert page.headers["content-language"] == language

    async def test_a_choice_of_language_is_remembered_and_keeps_the_page(self, client):
        page = await client.get("/intake/?provider=x&lang=ru&flash=kept")
        assert "aryz_lang=ru" in page.headers["set-cookie"]
        assert 'href="?provider=x&amp;lang=en"' in page.text
        assert (await client.get("/intake/")).headers["content-language"] == "ru"

    async def test_what_people_typed_is_shown_and_never_run(self, client):
        page = await client.get("/intake/", params={"provider": '"><script>alert(1)</script>'})
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert" in page.text

    async def test_nothing_on_a_page_is_inline_or_from_another_origin(self, client):
        page = (await client.get("/intake/")).text
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?! src=)", page)
        loaded = re.sub(r"<a [^>]*>", "", page)  # a link loads nothing until the reader follows it
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', loaded)

    async def test_a_name_the_template_misses_is_an_error_and_not_a_gap(self, client):
        with pytest.raises(UndefinedError):
            await client.get("/intake/broken")

    async def test_the_bar_says_where_the_visitor_is_and_who(self, client):
        page = (await client.get("/intake/", params={"provider": "signed in"})).text
        assert '<a href="/intake/" aria-current="page">' in page
        assert 'action="/sign-out"' in page
        assert 'href="/sign-in?next=/intake/"' in (await client.get("/intake/")).text

    async def test_static_files_are_found_under_the_services_own_prefix_and_kept(self, client):
        page = (await client.get("/intake/")).text
        sheet = re.search(r'href="(/intake/static/tokens\.css\?v=\w+)"', page)
        assert sheet
        answer = await client.get(sheet[1])
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert "immutable" not in (await client.get("/intake/static/tokens.css")).headers["cache-control"]

    async def test_a_field_in_error_is_tied_to_its_message(self, client):
        page = (await client.get("/intake/")).text
        assert 'href="#f-phone"' in page
        assert re.search(r'<input id="f-phone"[^>]* aria-describedby="f-phone-error" aria-invalid="true"', page)
        assert '<input id="f-provider-name" name="provider.name"' in page


class TestRedirect:
    async def test_a_code_goes_along_and_the_next_page_says_its_sentence(self, client):
        assert (await client.post("/intake/form")).text == "/intake/?a=1&flash=kept"
        assert 'class="note good" role="status"' in (await client.get("/intake/?flash=kept")).text
        assert 'role="status"' not in (await client.get("/intake/?flash=unheard")).text


class TestSecurityHeaders:
    async def test_every_answer_carries_them_once(self, client):
        page = await client.get("/intake/")
        assert page.headers.get_list("content-security-policy") == [CSP]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"

    async def test_an_answer_may_say_itself_that_it_can_be_kept(self, client):
        assert (await client.get("/intake/v1/figures")).headers["cache-control"] == "public, max-age=60"

    async def test_a_slash_too_many_is_pointed_away_from_without_naming_an_origin(self, client):
        moved = await client.get("/intake/v1/figures/?of=%D3%99", headers={"Host": "evil.example"})
        assert (moved.status_code, moved.headers["location"]) == (307, "/intake/v1/figures?of=%D3%99")


class TestRequireSameOrigin:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site", "Origin": "http://aryz.example"}, 403),
            ({"Origin": "http://aryz.example"}, 200),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({}, 200),
        ],
    )
    async def test_a_form_of_another_site_is_refused(self, client, headers, status):
        assert (await client.post("/intake/form", headers=headers)).status_code == status


class TestErrorPages:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503])
    async def test_each_says_in_three_languages_what_to_do(self, client, status):
        titles = set()
        for language in ("kk", "ru", "en"):
            page = await client.get(f"/intake/lost/{status}?lang={language}")
            assert page.status_code == status
            assert "some-code" in page.text
            assert page.headers["retry-after"] == "7"
            assert page.headers["content-security-policy"] == CSP
            titles.add(re.search(r"<h1>(.+)</h1>", page.text)[1])
        assert len(titles) == 3

    async def test_an_api_call_is_never_answered_with_a_page(self, client):
        assert (await client.get("/intake/v1/figures", headers={"Accept": "text/html"})).json() == {"html": False}


class TestDocs:
    async def test_all_its_assets_come_from_here(self, client):
        page = await client.get("/intake/docs")
        for url in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert url.startswith("/intake/docs/")
            assert (await client.get(url)).status_code == 200
        assert (await client.get(re.search(r'data-openapi="([^"]+)"', page.text)[1])).json()["info"]["title"] == "Demo"
        assert page.headers["content-security-policy"].startswith(CSP)

    def test_an_application_with_its_own_page_is_refused(self):
        with pytest.raises(ValueError, match="docs_url"):
            mount_docs(FastAPI())


class TestCompiledTemplates:
    def test_one_compilation_serves_every_language_and_application(self, monkeypatch):
        compiled = []
        compile_ = Environment.compile
        monkeypatch.setattr(Environment, "compile", lambda *given: compiled.append(given[2]) or compile_(*given))
        applications = [Pages(DEMO), Pages(DEMO)]
        for language in ("kk", "ru", "en"):
            for pages in applications:
                pages._environment(language).get_template("demo.html")
        assert len(compiled) == len(set(compiled)) <= 1

    def test_no_template_applies_a_format_to_a_constant(self):
        """Jinja would compute it when it compiles, in the language of the first reader."""
        environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
        environment.filters |= dict.fromkeys(FORMATS, str)
        templates = [path for top in ("services", "shared", "deploy") for path in (ROOT / top).rglob("templates/**/*.html")]
        assert templates
        for path in templates:
            formatted = [found for found in environment.parse(path.read_text()).find_all(nodes.Filter) if found.name in FORMATS]
            assert not [
                found.lineno for found in formatted if not list(found.node.find_all(nodes.Name)) and not isinstance(found.node, nodes.Name)
            ], path
