"""Paths that an ingress and the service would read differently are no addresses: 404 everywhere, in front of any route."""

from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from analytics.app import create_app as create_analytics
from analytics.settings import Settings as AnalyticsSettings
from intake.app import create_app as create_intake
from intake.settings import Settings as IntakeSettings
from provider_contact.app import create_app as create_provider_contact
from provider_contact.settings import Settings as ProviderContactSettings
from routing.app import create_app as create_routing
from routing.settings import Settings as RoutingSettings
from shared.request_limits import refusal_of
from shared.service import Foundation
from shared.settings import ServiceSettings
from suite.front import Front
from suite.home import create_home

SERVICES = {
    "intake": (create_intake, IntakeSettings),
    "routing": (create_routing, RoutingSettings),
    "provider-contact": (create_provider_contact, ProviderContactSettings),
    "analytics": (create_analytics, AnalyticsSettings),
}
REFUSED = [
    "/%69ntake/health/live",
    "/intake/%68ealth/live",
    "/intake%2fhealth/live",
    "/intake%2Fhealth/live",
    "/intake/..%2fhealth/live",
    "/intake/%2e%2e/health/live",
    "/intake/%2E/health/live",
    "/intake//health/live",
    "//intake/health/live",
    "/intake/./health/live",
    "/intake/../intake/health/live",
    "/intake/health/live/..",
    "/intake;x=1/health/live",
    "/intake/health/live;",
    "/intake/health/live%3b",
    "/intake%5chealth/live",
    "/intake\\health/live",
    "/intake/%256cive",
    "/intake/health/live%0d%0aX:y",
    "/intake/health/live%09",
    "/intake/health/%6Cive",
    "/intake/health/live%",
    "/intake/health/live%zz",
    "/intake/health/liv%C",
    "/provider%2Dcontact/health/live",
    "/intake/v1/appeals/2026-43-0000001%2D5",
    "/intake/v1/appeals/%30",
]
TAKEN = [
    "/intake/v1/appeals/%E2%84%96%202026-43-0000001-5",
    "/intake/v1/appeals/2026-43-0000001-5",
    "/intake/v1/appeals/a%E2%80%93b",
    "/intake/v1/appeals/a+b@c:d,e!~$'()*",
    "/intake/",
    "/.well-known/jwks.json",
]


def scope(path, query=b""):
    return {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query, "headers": []}


async def call(app, path, **headers):
    """Ask with the path as it is written here: a client library would tidy it up."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    asked = scope(path) | {
        "path": unquote(path),
        "headers": given,
        "scheme": "http",
        "server": ("a", 80),
        "client": None,
        "http_version": "1.1",
    }
    await app(asked, receive, send)
    return sent[0]["status"]


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_of_two_readings_is_refused(path):
    assert refusal_of(scope(path)) == 404


@pytest.mark.parametrize("path", TAKEN)
def test_a_path_of_one_reading_is_taken(path):
    assert refusal_of(scope(path)) == 0


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_refuses_them_alike(name, tmp_path: Path):
    create, settings = SERVICES[name]
    app = create(settings(data=tmp_path, worker=False))
    async with app.router.lifespan_context(app):
        live = f"/{name}/health/live"
        assert await call(app, live) == 200
        for path in (path.replace("intake", name).replace("%69ntake", "%" + name[:1].encode().hex() + name[1:]) for path in REFUSED):
            assert await call(app, path) == 404, path
            assert await call(app, path, accept="text/html") == 404, path
        assert await call(app, live.replace("live", "liv%65")) == 404


class TestFront:
    @pytest.fixture
    async def front(self, tmp_path):
        """The front with services that say which path came to them."""
        settings = ServiceSettings(data=tmp_path, **{f"{name.replace('-', '_')}_url": f"http://{name}.example" for name in SERVICES})
        foundation = Foundation.build(settings)
        front = Front(settings, foundation)
        seen = []

        async def nothing():
            yield b""

        def answer(request):
            seen.append(request.url.raw_path.decode())
            return httpx.Response(200, content=nothing())

        for name in front._clients:
            await front._clients[name].aclose()
            front._clients[name] = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        yield front, seen
        await front.close()
        await foundation.stop()

    @pytest.mark.parametrize("path", REFUSED)
    async def test_no_service_sees_them(self, front, path):
        app, seen = front
        assert await call(app, path) == 404
        assert seen == []

    async def test_others_arrive_as_they_were_written(self, front):
        app, seen = front
        for path in TAKEN[:-1]:
            await call(app, path)
        assert seen == TAKEN[:-1]


async def test_the_home_pages_refuse_them(tmp_path):
    settings = ServiceSettings(data=tmp_path)
    foundation = Foundation.build(settings)
    app = create_home(settings, foundation)
    assert await call(app, "/sign-in") == 200
    for path in ("/sign%2Din", "//sign-in", "/sign-in;a", "/./sign-in", "/%73ign-in", "/static/..%2fpages.py", "/static//app.css"):
        assert await call(app, path) == 404, path
    await foundation.stop()
