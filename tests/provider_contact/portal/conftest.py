"""A provider's people in front of the portal."""

import html
import re

import pytest

from shared.web.session import COOKIE
from tests.provider_contact.conftest import PROVIDER

PORTAL = "/provider-contact/portal"


class Person:
    """Somebody of a provider with a browser. The page's forms are sent as the browser would: with their hidden fields."""

    def __init__(self, world, subject="officer-1", provider_id=PROVIDER, role="provider", name="Сынақ Маман", language="ru"):
        token = world.token(role, subject=subject, provider_id=provider_id, name=name)["Authorization"].removeprefix("Bearer ")
        self.headers = {"Cookie": f"{COOKIE}={token}; aryz_lang={language}", "Accept": "text/html"}
        self.bearer = {"Authorization": f"Bearer {token}"}
        self.world = world

    async def get(self, path="", **query):
        return await self.world.client.get(PORTAL + path, headers=self.headers, params=query or None)

    async def post(self, path, **fields):
        return await self.world.client.post(PORTAL + path, headers=self.headers, data=fields)

    async def page(self, path="", **query):
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.status_code
        return html.unescape(answer.text)

    async def version(self, inquiry_id):
        return re.search(r'name="expected_version" value="(\d+)"', await self.page(f"/inquiries/{inquiry_id}"))[1]

    async def send(self, inquiry_id, action, **fields):
        """Send a form of the inquiry as it is on the page now."""
        return await self.post(f"/inquiries/{inquiry_id}/{action}", **({"expected_version": await self.version(inquiry_id)} | fields))

    async def invite(self, name="Сынақ Айнұр", email="ainur@emhana.example", role="OFFICER"):
        """Invite a colleague, and return the token of the one-time link."""
        answer = await self.post("/colleagues", name=name, email=email, role=role)
        assert answer.status_code == 200
        return re.search(r"/portal/join/([\w-]+)", answer.text)[1]


@pytest.fixture
def person(world):
    """Return a function that signs people in."""

    def sign_in(*args, **claims):
        return Person(world, *args, **claims)

    return sign_in


@pytest.fixture
async def manager(person):
    """The first person of PROVIDER, who is its manager."""
    found = person("manager-1", name="Сынақ Жетекші")
    await found.get()
    return found


@pytest.fixture
async def officer(person, manager):
    """A colleague who came by invitation."""
    found = person("officer-1", name="Сынақ Маман")
    assert (await found.post(f"/join/{await manager.invite(name='Сынақ Маман', email='maman@emhana.example')}")).status_code == 303
    return found
