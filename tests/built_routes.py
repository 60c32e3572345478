"""A cache of route parameters and responses, which FastAPI builds anew for each of the tests' thousands of applications."""

from fastapi import routing

_Context = routing._EffectiveRouteContext
_build = _Context.from_api_route


def _built_once(*, original_route, include_context):
    built = vars(original_route).setdefault("_built", {})  # lives as long as the route: that of a module always
    key = (include_context.prefix, *(each.dependency for each in include_context.dependencies))
    if key not in built:
        built[key] = _build(original_route=original_route, include_context=include_context)
    return built[key]


def build_once() -> None:
    """Build what a route needs once for each router that includes it."""
    _Context.from_api_route = _built_once
