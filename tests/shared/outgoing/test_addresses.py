"""No webhook goes to our own machines: refused by name and by every address a name stands for, when asked for and when connecting."""

import httpx
import pytest

from shared.outgoing import addresses
from shared.outgoing.addresses import AddressGuard, PinnedTransport, RefusedAddress, UnresolvedAddress
from shared.outgoing.settings import OutgoingSettings

PUBLIC = "93.184.215.14"
BY_NAME = [
    "http://callcentre.kz/hook",
    "ftp://callcentre.kz/hook",
    "https://localhost/hook",
    "https://LOCALHOST./hook",
    "https://intake/hook",
    "https://db.internal/hook",
    "https://printer.local/hook",
    "https://a.b.home.arpa/hook",
    "https://127.0.0.1/hook",
    "https://127.1/hook",
    "https://2130706433/hook",
    "https://0x7f.0.0.1/hook",
    "https://0x7f000001/hook",
    "https://10.1.2.3/hook",
    "https://100.64.0.1/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/hook",
    "https://[::ffff:127.0.0.1]/hook",
    "https://[::ffff:7f00:1]/hook",
    "https://[fd00:ec2::254]/hook",
    "https://[fe80::1%25eth0]/hook",
    "https://[64:ff9b::7f00:1]/hook",
    "https://[2002:7f00:1::]/hook",
    "https://[::ffff:0:7f00:1]/hook",
    "https://[4000::1]/hook",
    "https://user:secret@callcentre.kz/hook",
    "https://callcentre.kz\\@127.0.0.1/hook",
    "https://callcentre.kz/hook#part",
    "https://callcentre.kz:0/hook",
    "https://callcentre.kz:99999/hook",
    "https://①②⑦.⓪.⓪.①/hook",
    "https://call%41centre.kz/hook",
    "https://-callcentre.kz/hook",
    "https://xn--a.callcentre.kz/hook",
    "https:///hook",
    "callcentre.kz",
]
INSIDE = [
    "127.0.0.1",
    "10.0.0.7",
    "172.20.0.2",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.0.1",
    "::1",
    "fd12::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
]


class TestGuard:
    @pytest.mark.parametrize("url", BY_NAME)
    async def test_by_its_name(self, url, stands_for):
        stands_for([PUBLIC])
        with pytest.raises(RefusedAddress):
            await AddressGuard().check(url)

    @pytest.mark.parametrize("inside", INSIDE)
    async def test_by_any_address_that_it_stands_for(self, inside, stands_for):
        for found in ([inside], [PUBLIC, inside]):
            stands_for(found)
            with pytest.raises(RefusedAddress):
                await AddressGuard().check("https://callcentre.kz/hook")

    async def test_a_public_one_is_called_at_the_address_that_was_checked(self, stands_for):
        stands_for([PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
        assert await AddressGuard().check("https://callcentre.kz:8443/hook?x=1") == PUBLIC

    async def test_a_name_that_stands_for_nothing_is_refused(self, monkeypatch, stands_for):
        async def resolve(_host, _port):
            raise OSError

        stands_for([])
        with pytest.raises(UnresolvedAddress):
            await AddressGuard().check("https://callcentre.kz/hook")
        monkeypatch.setattr(addresses, "resolve", resolve)
        with pytest.raises(UnresolvedAddress):
            await AddressGuard().check("https://callcentre.kz/hook")

    async def test_this_machine_is_called_for_trials_alone_and_never_in_production(self, tmp_path):
        here = "http://127.0.0.1:9/hook"
        assert await AddressGuard.of(OutgoingSettings(data=tmp_path, webhooks_to_loopback=True)).check(here) == "127.0.0.1"
        for settings in (OutgoingSettings(data=tmp_path), OutgoingSettings(data=tmp_path, webhooks_to_loopback=True, env="production")):
            with pytest.raises(RefusedAddress):
                await AddressGuard.of(settings).check(here)


class TestPinnedTransport:
    async def test_a_name_that_moves_inside_after_the_check_is_refused_when_connecting(self, stands_for):
        stands_for([PUBLIC], ["127.0.0.1"])
        await AddressGuard().check("https://callcentre.kz/hook")
        async with httpx.AsyncClient(transport=PinnedTransport(AddressGuard())) as client:
            with pytest.raises(RefusedAddress):
                await client.post("https://callcentre.kz/hook")

    @pytest.mark.parametrize("name", ["callcentre.kz", "xn--e1afmkfd.kz"])
    async def test_the_connection_goes_to_the_checked_address_under_the_name(self, name, stands_for):
        stands_for([PUBLIC])
        seen = []

        class Inner(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request):
                seen.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
                return httpx.Response(204)

        transport = PinnedTransport(AddressGuard())
        await transport._inner.aclose()
        transport._inner = Inner()
        async with httpx.AsyncClient(transport=transport) as client:
            await client.post(f"https://{name}/hook")
        assert seen == [(PUBLIC, name, name)]
