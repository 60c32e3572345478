"""Clients that open many connections: limits per address, per process and by file descriptors."""

import asyncio
import re
import resource
import select
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network

import pytest

from shared.connections import ConnectionLimits, _source
from tests.patience import PATIENCE, until, wait_until
from tests.security.connection_server import GET, HALF, Desk, refused_count, served


class TestNumbers:
    @pytest.fixture
    async def desk(self):
        return Desk(ConnectionLimits(total=8, per_address=5, proxies=(ip_network("127.0.0.9/32"),)))

    async def test_one_address_has_its_share_and_others_have_theirs(self, desk, connect):
        before = refused_count("address")
        held = [await connect(GET) for _ in range(5)]
        refused = await connect(GET)
        answer = await refused.everything()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'"code":"too-many-connections"' in answer
        assert refused_count("address") == before + 1
        other = await connect(GET, "127.0.0.2")
        await other.answer()
        held[0].writer.close()
        await until(lambda: len(desk.connections._open) == 5)
        await (await connect(GET)).answer()

    async def test_a_trusted_proxy_is_not_one_address(self, connect):
        for _ in range(8):
            await (await connect(GET, "127.0.0.9")).answer()

    async def test_a_full_process_closes_who_has_not_asked_yet_for_who_does(self, desk, connect):
        slow = [await connect(HALF, f"127.0.0.{number}") for number in (2, 3) for _ in range(4)]
        desk.connections.sweep(1.0)
        honest = await connect(GET, "127.0.0.4")
        await honest.answer()
        assert [await each.is_open() for each in slow].count(False) == 1
        assert len(desk.connections._open) == 8

    async def test_a_full_process_with_requests_in_progress_refuses(self, desk, connect):
        for number in (2, 3):
            for _ in range(4):
                await connect(b"GET /wait HTTP/1.1\r\nHost: desk\r\n\r\n", f"127.0.0.{number}")
        desk.connections.sweep(1.0)
        before = refused_count("total")
        refused = await connect(GET, "127.0.0.4")
        assert b" 503 " in await refused.everything()
        assert refused_count("total") == before + 1

    async def test_closed_connections_leave_nothing_behind(self, desk, connect):
        clients = [await connect(GET) for _ in range(5)]
        for each in clients:
            each.writer.transport.abort()
        await until(lambda: not desk.connections._open)
        assert not desk.connections._by_source

    @pytest.mark.parametrize(
        ("address", "same"),
        [("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"), ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::2")],
    )
    def test_a_subscriber_is_one_source(self, address, same):
        assert _source(address) == _source(same)
        assert _source(address) != _source("2001:db8:0:2::1")


class TestDescriptors:
    async def test_a_reserve_of_descriptors_is_kept_for_everything_else(self):
        with socket.socket() as newest:
            taken = newest.fileno()
        desk = Desk(descriptors=(taken + 40) * 4 // 3)  # a quarter is the reserve
        async with served(desk) as port:
            before = refused_count("descriptors")
            clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]  # two descriptors each
            await until(lambda: refused_count("descriptors") - before > 30)
            answers = [await asyncio.wait_for(reader.read(12), PATIENCE) for reader, _ in clients[-10:]]
            assert answers == [b"HTTP/1.1 503"] * 10
            for _, writer in clients:
                writer.transport.abort()

    def test_a_process_with_few_descriptors_serves_newcomers_and_resets_nobody(self, tmp_path):
        few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))}
        with started_suite(tmp_path, **few) as port, ExitStack() as held:

            def connection(address, request):
                client = held.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE, (address, 0)))
                client.sendall(request)
                return client

            slow = [connection(f"127.0.0.{2 + index % 40}", HALF) for index in range(200)]
            refused = wait_until(lambda: (found := select.select(slow, [], [], 1)[0])[20:] and found)
            answers = {client.recv(12) for client in refused}
            assert b"HTTP/1.1 503" in answers
            assert answers <= {b"HTTP/1.1 503", b"HTTP/1.1 408"}  # on a slow machine the first ones have had their time already
            honest = GET.replace(b"/ ", b"/health/live ").replace(b"desk", b"127.0.0.1")
            wait_until(lambda: connection("127.0.0.99", honest).recv(12) == b"HTTP/1.1 200")


@contextmanager
def started_suite(folder, **given):
    """The port of `aryz up` over a new folder."""
    command = [sys.executable, "-m", "suite.cli", "up", "--port", "0", "--data", str(folder / "data")]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, **given) as running:
        try:
            yield int(re.search(r":(\d+)/", running.stdout.readline())[1])
        finally:
            running.terminate()
            running.wait(PATIENCE)
