"""A cache of route parameters and responses, which FastAPI builds anew for each of the tests' thousands of applications."""

from fastapi import routing

_Context = routing._EffectiveRouteContext
_build = _Context.from_api_route
_built = {}


def _built_once(*, original_route, include_context):
    if "<locals>" in original_route.endpoint.__qualname__:  # belongs to one application
        return _build(original_route=original_route, include_context=include_context)
    dependencies = tuple(each.dependency for each in include_context.dependencies)
    key = (id(original_route), include_context.prefix, dependencies)
    if key not in _built:
        _built[key] = _build(original_route=original_route, include_context=include_context)
    return _built[key]


def build_once() -> None:
    """Cache what is built for routes of modules, which exist as long as the process."""
    _Context.from_api_route = _built_once
