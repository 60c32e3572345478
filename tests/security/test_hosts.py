"""Under which names a process answers (DNS rebinding), and whose word on the scheme counts."""

from ipaddress import ip_network

import httpx
import pytest
from fastapi import FastAPI, Request

from shared.edge import Edge, HostsNotNamed, allowed_hosts, edge
from shared.settings import BadSettings, ServiceSettings
from suite import process
from suite.app import create_suite
from tests.patience import PATIENCE

EVERYWHERE = "0.0.0.0"  # noqa: S104 - refused, that is what is tried
LOCAL = ["127.0.0.1", "127.0.0.1:8000", "localhost", "LOCALHOST:8000", "[::1]", "[::1]:8000", "localhost.", "localhost:"]
OTHERS = [
    "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example#127.0.0.1", "localhost:x",
    "localhost, evil.example", "127.0.0.2", EVERYWHERE, "0", "2130706433", "[::]", "[::ffff:127.0.0.1]", "", " ", "localhost@evil.example",
]  # fmt: skip
OIDC = {"oidc_issuer": "https://id.example", "oidc_jwks_url": "https://id.example/jwks"}


def settings(tmp_path, **given):
    return ServiceSettings(data=tmp_path, **given)


async def asked(app, *hosts, path="/", client="127.0.0.1", headers=()):
    """Status and, for a problem, code of a request with these Host headers."""
    transport = httpx.ASGITransport(app, client=(client, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://unused") as http:
        request = http.build_request("GET", path)
        request.headers = httpx.Headers([*(("host", host) for host in hosts), *headers])
        return await http.send(request)


@pytest.fixture
def echo():
    app = FastAPI()

    @app.get("/{path:path}")
    async def scheme(path: str, request: Request) -> str:  # noqa: ARG001 - any path answers
        return request.url.scheme

    return app


class TestHosts:
    async def test_a_suite_answers_under_loopback_names_alone(self, tmp_path):
        suite = create_suite(tmp_path, demo=True)
        app = edge(suite, suite.foundation.settings, "127.0.0.1")
        for host in LOCAL:
            assert (await asked(app, host, path="/sign-in")).status_code == 200, host
        for host in OTHERS:
            for path in ("/sign-in", "/", "/intake/", "/routing/desk", "/analytics/v1/live", "/.well-known/jwks.json", "/metrics"):
                answer = await asked(app, host, path=path)
                assert (answer.status_code, answer.json()["code"]) == (421, "host-not-allowed"), (host, path)
                assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await asked(app)).status_code == 421
        assert (await asked(app, "localhost", "evil.example")).status_code == 421
        assert (await asked(app, "localhost", "localhost")).status_code == 421
        await suite.foundation.outside.aclose()

    @pytest.mark.parametrize(("language", "title"), [("kk", "сайт ашылмайды"), ("ru", "не открывается"), ("en", "is not served here")])
    async def test_a_person_reads_it_as_a_page(self, tmp_path, echo, language, title):
        app = edge(echo, settings(tmp_path), "127.0.0.1")
        answer = await asked(app, "evil.example", headers=[("accept", "text/html"), ("accept-language", language)])
        assert answer.status_code == 421
        assert title in answer.text

    async def test_probes_ask_by_address(self, tmp_path, echo):
        app = edge(echo, settings(tmp_path), "127.0.0.1")
        for path in ("/health/live", "/health/ready", "/intake/health/ready"):
            assert (await asked(app, "10.1.2.3:8000", path=path)).status_code == 200

    def test_names_are_loopback_the_address_listened_on_and_those_set(self, tmp_path):
        local = {"localhost", "127.0.0.1", "[::1]"}
        assert allowed_hosts(settings(tmp_path), "127.0.0.1") == local
        assert allowed_hosts(settings(tmp_path), "::1") == local
        named = settings(tmp_path, allowed_hosts=("Aryz.example",))
        assert allowed_hosts(named, EVERYWHERE) == local | {"aryz.example"}
        assert allowed_hosts(named, "::") == local | {"aryz.example"}
        assert allowed_hosts(named, "192.0.2.7") == local | {"aryz.example", "192.0.2.7"}
        assert allowed_hosts(named, "2001:db8::7") == local | {"aryz.example", "[2001:db8::7]"}
        calls = settings(tmp_path, allowed_hosts=("aryz.example",), routing_url="http://aryz-routing:8000/")
        assert "aryz-routing" in allowed_hosts(calls, "127.0.0.1")

    @pytest.mark.parametrize("address", [EVERYWHERE, "::", "", "192.0.2.7", "aryz.example"])
    def test_beyond_this_machine_names_must_be_set_where_the_local_issuer_signs_people_in(self, tmp_path, address):
        with pytest.raises(HostsNotNamed, match="ARYZ_ALLOWED_HOSTS"):
            allowed_hosts(settings(tmp_path), address)

    def test_behind_an_ingress_names_count_only_if_they_are_set(self, tmp_path):
        assert allowed_hosts(settings(tmp_path, **OIDC), EVERYWHERE) is None
        assert "aryz.example" in allowed_hosts(settings(tmp_path, **OIDC, allowed_hosts=("aryz.example",)), EVERYWHERE)

    @pytest.mark.parametrize("name", ["aryz.example:8000", "http://aryz.example", "*", "a b", "", "aryz.example/"])
    def test_what_is_no_name_is_refused_at_the_start(self, tmp_path, name):
        with pytest.raises(BadSettings, match="ALLOWED_HOSTS"):
            settings(tmp_path, allowed_hosts=(name,))

    def test_the_command_refuses_to_open_the_machine_and_answers_no_other_name(self, tmp_path):
        with pytest.raises(process.SuiteDidNotStart, match="ARYZ_ALLOWED_HOSTS"):
            process.start(tmp_path / "open", arguments=("--host", EVERYWHERE))
        with process.running(tmp_path / "closed") as suite, httpx.Client(base_url=suite.url, trust_env=False, timeout=PATIENCE) as http:
            assert http.get("/sign-in").status_code == 200
            for path in ("/sign-in", "/intake/v1/services", "/routing/desk"):
                assert http.get(path, headers={"Host": "evil.example"}).status_code == 421
            assert http.post("/sign-in", data={"subject": "admin"}).status_code == 404


class TestScheme:
    async def test_only_a_trusted_proxy_says_that_it_was_https(self, echo):
        app = Edge(echo, None, (ip_network("10.0.0.0/8"),))
        said = [("x-forwarded-proto", "https")]
        assert (await asked(app, "a", client="10.1.2.3", headers=said)).json() == "https"
        assert (await asked(app, "a", client="192.0.2.1", headers=said)).json() == "http"
        assert (await asked(Edge(echo, None), "a", client="10.1.2.3", headers=said)).json() == "http"

    @pytest.mark.parametrize(
        ("forwarded", "scheme"),
        [(["http", "https"], "https"), (["https", "http"], "http"), (["HTTPS"], "https"), (["wss"], "http"), ([], "http")],
    )
    async def test_the_nearest_proxy_has_the_last_word(self, echo, forwarded, scheme):
        app = Edge(echo, None, (ip_network("10.0.0.0/8"),))
        for headers in ([("x-forwarded-proto", one) for one in forwarded], [("x-forwarded-proto", ", ".join(forwarded))]):
            assert (await asked(app, "a", client="10.1.2.3", headers=headers)).json() == scheme
