"""Metrics are for the operator alone, and in production the description of the API is for nobody unknown."""

import httpx
import pytest
from fastapi import FastAPI

from shared.messaging.runtime import Runtime
from shared.service import Foundation, Service, assemble, build_parts, worker_app
from shared.settings import ServiceSettings
from suite.home import create_home

SERVICE = Service(name="routing", package="routing", title="Routing", handlers={})
TOKEN = "a-token-of-the-operator"
STRANGER = "203.0.113.9"


class Doors:
    """The api, the worker and the home application of one process, asked from any address."""

    def __init__(self, folder, **given):
        settings = ServiceSettings(data=folder, **given)
        self.foundation = Foundation.build(ServiceSettings(data=folder))  # the local issuer, so that the test has tokens
        self.parts = build_parts(SERVICE, settings, self.foundation)
        api = assemble(SERVICE, settings, self.foundation, [])
        api.state.parts, api.state.migrated = self.parts, True
        self.apps: dict[str, tuple[FastAPI, str]] = {
            "api": (api, "/routing"),
            "worker": (worker_app(SERVICE, settings, self.parts, Runtime([], restart=False)), "/routing"),
            "front": (create_home(settings, self.foundation), ""),
        }

    async def get(self, path, *, door="api", client="127.0.0.1", headers=None):
        app, prefix = self.apps[door]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(client, 1)), base_url="http://desk") as http:
            return await http.get(prefix + path, headers=headers)

    def bearer(self, role):
        return {"Authorization": f"Bearer {self.foundation.issuer.issue(role, region='KZ-43')}"}


@pytest.fixture
async def open_doors(tmp_path):
    opened = []

    def make(**given):
        opened.append(Doors(tmp_path, **given))
        return opened[-1]

    yield make
    for doors in opened:
        await doors.parts.database.close()
        await doors.foundation.stop()


@pytest.mark.parametrize("door", ["api", "worker", "front"])
class TestMetrics:
    async def test_on_one_machine_they_are_for_the_machine_itself(self, open_doors, door):
        doors = open_doors()
        for address in ("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"):
            answer = await doors.get("/metrics", door=door, client=address)
            assert answer.status_code == 200
            assert "aryz_connections_open" in answer.text
        for address in (STRANGER, "10.0.0.1", "2001:db8::1"):
            assert (await doors.get("/metrics", door=door, client=address)).status_code == 404

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
    async def test_whoever_comes_through_an_unknown_proxy_is_not_the_machine_itself(self, open_doors, door, header):
        answer = await open_doors().get("/metrics", door=door, headers={header: "127.0.0.1"})
        assert answer.status_code == 404

    async def test_behind_a_trusted_proxy_the_clients_address_counts(self, open_doors, door):
        doors = open_doors(trusted_proxies=("127.0.0.1/32",))
        through = {"X-Forwarded-For": STRANGER}
        assert (await doors.get("/metrics", door=door, headers=through)).status_code == 404
        assert (await doors.get("/metrics", door=door, headers={"X-Forwarded-For": f"127.0.0.1, {STRANGER}"})).status_code == 404
        assert (await doors.get("/metrics", door=door)).status_code == 200

    async def test_the_operator_names_networks(self, open_doors, door):
        doors = open_doors(metrics_networks=("10.8.0.0/16",))
        assert (await doors.get("/metrics", door=door, client="10.8.3.4")).status_code == 200
        assert (await doors.get("/metrics", door=door)).status_code == 404

    async def test_or_gives_a_token(self, open_doors, door):
        doors = open_doors(metrics_networks=(), metrics_token=TOKEN)
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert (await doors.get("/metrics", door=door, client=STRANGER, headers=right)).status_code == 200
        for wrong in (None, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Basic {TOKEN}"}):
            assert (await doors.get("/metrics", door=door, client=STRANGER, headers=wrong)).status_code == 404

    async def test_no_role_reads_them(self, open_doors, door):
        doors = open_doors()
        assert (await doors.get("/metrics", door=door, client=STRANGER, headers=doors.bearer("admin"))).status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
class TestDescription:
    async def test_on_one_machine_everybody_reads_it(self, open_doors, path):
        assert (await open_doors().get(path, client=STRANGER)).status_code == 200

    async def test_in_production_no_stranger_does(self, open_doors, path):
        doors = open_doors(env="production", metrics_token=TOKEN)
        for headers in (None, {"Authorization": "Bearer none"}, doors.bearer("applicant"), {"Cookie": "aryz_session=none"}):
            assert (await doors.get(path, client=STRANGER, headers=headers)).status_code == 404

    async def test_in_production_integrators_read_it_with_their_token_and_operators_from_their_network(self, open_doors, path):
        doors = open_doors(env="production", metrics_token=TOKEN)
        for role in ("partner", "channel", "specialist"):
            assert (await doors.get(path, client=STRANGER, headers=doors.bearer(role))).status_code == 200
        session = doors.bearer("supervisor")["Authorization"].replace("Bearer ", "aryz_session=")
        assert (await doors.get(path, client=STRANGER, headers={"Cookie": session})).status_code == 200
        assert (await doors.get(path)).status_code == 200
