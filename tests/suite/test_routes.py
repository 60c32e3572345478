"""The routes of all services: what happens before their function runs, in which order, and where."""

from inspect import isasyncgenfunction, iscoroutinefunction

import pytest
from fastapi.routing import iter_route_contexts

from shared.dependencies import snapshot, unit_of_work
from suite.app import create_suite


def in_order(dependant):
    """Return the dependencies of a route in the order in which FastAPI calls them."""
    return [each for found in dependant.dependencies for each in (*in_order(found), found.call)]


@pytest.fixture
async def routes(tmp_path):
    suite = create_suite(tmp_path, worker=False)
    apps = (*suite._apps.values(), suite._home)
    return {
        f"{route.path_format} {route.name}": in_order(route.dependant)
        for app in apps
        for route in iter_route_contexts(app.routes)
        if hasattr(route, "dependant")
    }


async def test_a_transaction_is_opened_after_everything_that_waits_for_the_client(routes):
    opened = {
        name: calls[calls.index(opener) + 1 :] for name, calls in routes.items() for opener in (unit_of_work, snapshot) if opener in calls
    }
    assert len(opened) > 10
    assert {name: after for name, after in opened.items() if any(hasattr(call, "body_model") for call in after)} == {}


async def test_no_dependency_occupies_a_thread(routes):
    """FastAPI calls a plain function in a thread of its pool, which costs more than the functions here and has 40 threads."""
    in_threads = {
        (name, call.__qualname__)
        for name, calls in routes.items()
        for call in calls
        if not any(is_async(each) for is_async in (iscoroutinefunction, isasyncgenfunction) for each in (call, type(call).__call__))
    }
    assert in_threads == set()
