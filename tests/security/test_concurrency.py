"""Every writing operation of the four OpenAPI documents, eight equal requests at once, on both engines: one effect, equal answers."""

from contextlib import asynccontextmanager
from importlib import import_module

import httpx
import pytest

import analytics.app
import provider_contact.app
import routing.app
from shared.clock import FakeClock
from tests.analytics.conftest import NOW, world_in
from tests.intake.conftest import running
from tests.security import recipes_analytics, recipes_intake, recipes_provider_contact, recipes_routing
from tests.security.concurrency import Kind, Target, faults_of, takes_a_key, writing_operations

RECIPES = {
    "intake": recipes_intake.RECIPES,
    "routing": recipes_routing.RECIPES,
    "provider_contact": recipes_provider_contact.RECIPES,
    "analytics": recipes_analytics.RECIPES,
}
SECONDS = 300  # a time-out against standing still; intake takes some ten seconds


def documented(package, folder):
    settings = import_module(f"{package}.settings").Settings(data=folder)
    return writing_operations(import_module(f"{package}.app").create_app(settings, None).openapi())


@asynccontextmanager
async def another_process(app):
    """A client of a second process over the same data, from the same address as the first."""
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 40001))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://aryz.example") as client:
        yield client


async def check(target, recipes):
    faults = []
    for operation, recipe in recipes.items():
        faults += await faults_of(target, operation, recipe)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("package", RECIPES)
class TestTheDocuments:
    def test_every_writing_operation_has_a_recipe(self, package, tmp_path):
        assert set(documented(package, tmp_path)) == set(RECIPES[package])

    def test_every_write_takes_a_key(self, package, tmp_path):
        found = documented(package, tmp_path)
        keyless = {name for name, operation in found.items() if not takes_a_key(operation)}
        assert keyless == {name for name, recipe in RECIPES[package].items() if recipe.kind is not Kind.WRITE}


@pytest.mark.timeout(SECONDS)
class TestEightAtOnce:
    async def test_intake(self, engine, tmp_path):
        async with running(engine, tmp_path, **recipes_intake.SETTINGS) as desk:
            again = import_module("intake.app").create_app(desk.parts.settings, desk.foundation)
            async with another_process(again) as client:
                await check(Target(desk, desk.parts, (desk.client, client)), RECIPES["intake"])

    async def test_routing(self, routing_desk):
        async with another_process(routing.app.create_app(routing_desk.parts.settings, routing_desk.foundation)) as client:
            await check(Target(routing_desk, routing_desk.parts, (routing_desk.client, client)), RECIPES["routing"])

    async def test_provider_contact(self, listed):
        async with another_process(provider_contact.app.create_app(listed.parts.settings, listed.foundation)) as client:
            await check(Target(listed, listed.parts, (listed.client, client)), RECIPES["provider_contact"])

    async def test_analytics(self, engine, tmp_path):
        async with (
            world_in(engine, tmp_path, FakeClock(NOW)) as made,
            another_process(analytics.app.create_app(made.parts.settings, made.foundation)) as client,
        ):
            await check(Target(made, made.parts, (made.client, client)), RECIPES["analytics"])
