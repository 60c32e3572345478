"""Behind a proxy two clients are two addresses, and no client chooses its own."""

from contextlib import ExitStack
from ipaddress import ip_network
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from shared.client_address import client_address, client_scheme
from shared.service import Foundation
from shared.settings import ServiceSettings
from suite.front import Front
from suite.process import UNLIMITED
from suite.processes import FRONT, Processes
from tests.patience import PATIENCE, wait_until

OWN_FRONT = (ip_network("127.0.0.1/32"),)
FORGED = [
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"x-forwarded-for": "203.0.113.9, 127.0.0.1"},
    {"Forwarded": "for=203.0.113.9;proto=https"},
    {"X-Real-IP": "203.0.113.9"},
    {"X-Forwarded-Proto": "https"},
]
APPEAL = {
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "language": "ru",
    "text": "Талонов нет.",
    "applicant": {},
}


async def _echo(scope, receive, send):
    """A service behind our own front: whom it sees."""
    request = Request(scope, receive)
    seen = {"address": client_address(request, OWN_FRONT), "scheme": client_scheme(request, OWN_FRONT), "headers": sorted(request.headers)}
    await JSONResponse(seen)(scope, receive, send)


@pytest.fixture
def through(tmp_path):
    """Ask the service through a front, as a client of the given address; `proxies` are whom the front trusts."""

    async def ask(address, headers=None, proxies=()):
        settings = ServiceSettings(data=tmp_path, intake_url="http://service", trusted_proxies=proxies)
        foundation = Foundation.build(settings)
        front = Front(settings, foundation)
        front._clients["intake"] = httpx.AsyncClient(transport=httpx.ASGITransport(_echo, client=("127.0.0.1", 1)))
        transport = httpx.ASGITransport(front, client=(address, 2))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
            answer = await http.get("/intake/v1/services", headers=headers)
        await front.close()
        await foundation.stop()
        return answer.json()

    return ask


class TestFront:
    async def test_two_clients_are_two_addresses(self, through):
        assert (await through("198.51.100.1"))["address"] == "198.51.100.1"
        assert (await through("2001:db8::2"))["address"] == "2001:db8::2"

    @pytest.mark.parametrize("headers", FORGED, ids=lambda each: "; ".join(f"{name}: {value}" for name, value in each.items()))
    async def test_a_client_cannot_choose_its_address_or_scheme(self, through, headers):
        seen = await through("198.51.100.1", headers)
        assert (seen["address"], seen["scheme"]) == ("198.51.100.1", "http")
        assert not {"forwarded", "x-real-ip"} & set(seen["headers"])

    async def test_a_proxy_that_the_front_trusts_speaks_for_its_clients(self, through):
        headers = {"X-Forwarded-For": "203.0.113.66, 198.51.100.7", "X-Forwarded-Proto": "https"}
        seen = await through("10.0.0.1", headers, proxies=("10.0.0.0/8",))
        assert (seen["address"], seen["scheme"]) == ("198.51.100.7", "https")
        assert (await through("10.0.0.1", headers))["address"] == "10.0.0.1"


class TestProcesses:
    def test_services_believe_the_front_alone_and_the_front_whom_the_operator_names(self, tmp_path):
        processes = Processes(tmp_path, environment={"ARYZ_TRUSTED_PROXIES": '["192.0.2.0/24"]'}, front_port=1)
        for each in processes.all:
            expected = '["192.0.2.0/24"]' if each.kind == "front" else '["127.0.0.1/32"]'
            assert each._environment["ARYZ_TRUSTED_PROXIES"] == expected

    def test_each_address_has_its_own_budget_and_a_forged_one_has_none(self, tmp_path, unused_tcp_port):
        environment = UNLIMITED | {"ARYZ_INTAKE_ANONYMOUS_PER_MINUTE": "1"}
        processes = Processes(tmp_path, environment=environment, front_port=unused_tcp_port)
        processes._logs.mkdir(parents=True)
        processes.migrate()
        front, intake = processes.process(FRONT, "front"), processes.process("intake", "api")
        with ExitStack() as started:
            for each in (intake, front):
                each.start()
                started.callback(each.wait, PATIENCE)
                started.callback(each.terminate)
            intake.wait_ready()

            def is_open():
                try:
                    return httpx.get(f"{front.url}/intake/health/live", trust_env=False, timeout=PATIENCE).is_success
                except httpx.TransportError:
                    return False

            wait_until(is_open)

            def file_from(address, headers=None):
                with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=PATIENCE) as http:
                    sent = {"Idempotency-Key": str(uuid4()), **(headers or {})}
                    return http.post(f"{front.url}/intake/v1/appeals", json=APPEAL, headers=sent).status_code

            assert file_from("127.0.0.2") == 201
            assert file_from("127.0.0.2") == 429
            for headers in FORGED:
                assert file_from("127.0.0.2", headers) == 429
            assert file_from("127.0.0.3") == 201
