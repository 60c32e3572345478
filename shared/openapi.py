"""The OpenAPI document of a service: what FastAPI writes, extended by strict bodies, problems, examples and security."""

import json
from collections.abc import Callable, Iterator
from importlib.resources.abc import Traversable
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from shared.errors import (
    PROBLEM_JSON,
    DomainError,
    HeadersTooLarge,
    HostNotAllowed,
    InvalidInput,
    MalformedJson,
    MalformedText,
    NotFound,
    OutcomeUnknown,
    PayloadTooLarge,
    Problem,
    Unavailable,
    UnsupportedMediaType,
    UriTooLong,
    responses,
)

OpenApiObject: TypeAlias = dict[str, Any]
"""An object of an OpenAPI document: JSON as FastAPI builds it."""

SERVERS: Final = ({"url": "/", "description": "The installation that serves this document."},)
"""A client of another origin sets its own base URL."""

BEFORE_ROUTES: Final = (MalformedText, NotFound, UriTooLong, HostNotAllowed, HeadersTooLarge, Unavailable)
"""Responses given before routing: see shared.request_limits and shared.edge."""
BODY_ERRORS: Final = (MalformedJson, MalformedText, PayloadTooLarge, UnsupportedMediaType, InvalidInput)
JSON: Final = "application/json"
SCHEMAS: Final = "#/components/schemas/"


def document(app: FastAPI, *, examples: Traversable | None = None) -> None:
    """Extend the OpenAPI document of `app` by what FastAPI does not know of its routes. Call once per app.

    Added are the schemas of strict bodies, problems with an example for each code, and for every operation whether it needs a token.
    `examples` is a JSON file with an example of each body and response, by the name of its schema: FastAPI would drop the nulls of
    examples that the models hold. Schemas that nothing refers to are left out.
    """
    original: Callable[[], OpenApiObject] = app.openapi

    def openapi() -> OpenApiObject:
        if app.openapi_schema is None:
            known: OpenApiObject = json.loads(examples.read_bytes()) if examples is not None else {}
            app.openapi_schema = _extended(app, original(), known)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _extended(app: FastAPI, schema: OpenApiObject, examples: OpenApiObject) -> OpenApiObject:
    bodies: dict[tuple[str, str], type[BaseModel]] = {}
    for route in iter_route_contexts(app.routes):
        if not (isinstance(route.original_route, APIRoute) and route.include_in_schema):
            continue
        for method in route.methods or ():
            path = str(route.path_format)
            if model := _body_model(route.dependant):
                bodies[path, method.lower()] = model
            _show_security(schema["paths"][path][method.lower()], is_needed=_needs_token(route.dependant))
    components: OpenApiObject = schema.setdefault("components", {})
    schemas: OpenApiObject = components.setdefault("schemas", {})
    schemas["Problem"] = TypeAdapter(Problem).json_schema(ref_template=SCHEMAS + "{model}")
    schemas |= schemas["Problem"].pop("$defs")
    _add_bodies(schema, schemas, bodies)
    for _, operation in _operations(schema):
        _name_inline_bodies(operation, schemas)
    for name in examples.keys() & schemas.keys():  # an app without the routes of a model has no such schema
        schemas[name]["examples"] = [examples[name]]
    for method, operation in _operations(schema):
        _replace_default_422(operation)
        _add_problems(operation, *BEFORE_ROUTES, *(() if method == "get" else (OutcomeUnknown,)))
        _show_streams_as_text(operation)
        _show_examples(operation, schemas)
    components["examples"] = _shared_problems(schema)
    _drop_unused(schema, schemas)
    for each in schemas.values():
        if (
            each.get("additionalProperties") is False
        ):  # generators of clients take it for `true` in OpenAPI 3.1, and then send unknown fields
            each["unevaluatedProperties"] = each.pop("additionalProperties")
    return schema


def _operations(schema: OpenApiObject) -> Iterator[tuple[str, OpenApiObject]]:
    """Return every operation with its method."""
    for item in schema["paths"].values():
        yield from item.items()


def _body_model(dependant: Dependant) -> type[BaseModel] | None:
    own: type[BaseModel] | None = getattr(dependant.call, "body_model", None)
    return own or next(filter(None, map(_body_model, dependant.dependencies)), None)


def _needs_token(dependant: Dependant) -> bool:
    return getattr(dependant.call, "needs_token", False) or any(map(_needs_token, dependant.dependencies))


def _show_security(operation: OpenApiObject, *, is_needed: bool) -> None:
    """Say of an operation that it is open, or needs a token, or works without one, which then only changes the response."""
    schemes = operation.get("security", [])
    operation["security"] = schemes if is_needed or not schemes else [{}, *schemes]


def _add_bodies(schema: OpenApiObject, schemas: OpenApiObject, bodies: dict[tuple[str, str], type[BaseModel]]) -> None:
    names = _add_definitions(schemas, set(bodies.values()))
    for (path, method), model in bodies.items():
        operation = schema["paths"][path][method]
        operation.setdefault("requestBody", {"required": True, "content": {JSON: {"schema": {"$ref": SCHEMAS + names[model]}}}})
        _add_problems(operation, *BODY_ERRORS)


def _add_definitions(schemas: OpenApiObject, models: set[type[BaseModel]]) -> dict[type[BaseModel], str]:
    """Add the models' schemas to `schemas` and return their names. All get the suffix `-Input` if a name is already used differently."""
    ordered = sorted(models, key=lambda model: model.__name__)
    for suffix in ("", "-Input"):
        inputs = [(model, "validation") for model in ordered]
        keys, made = models_json_schema(inputs, ref_template=f"{SCHEMAS}{{model}}{suffix}")  # type: ignore[arg-type]
        definitions = {name + suffix: definition for name, definition in made.get("$defs", {}).items()}
        if all(schemas.get(name, definition) == definition for name, definition in definitions.items()):
            break
    schemas |= definitions
    return {model: keys[(model, "validation")]["$ref"].rpartition("/")[2] for model in ordered}


def _add_problems(operation: OpenApiObject, *errors: type[DomainError]) -> None:
    """Add errors to those that the operation's own route declares, by status and code."""
    declared: OpenApiObject = operation["responses"]
    for status, added in responses(*errors).items():
        response = declared.setdefault(str(status), added)
        examples = response.get("content", {}).get(PROBLEM_JSON, {}).setdefault("examples", {})
        for error in errors:
            if error.status == status and error.code not in examples:
                examples[error.code] = added["content"][PROBLEM_JSON]["examples"][error.code]
                response["description"] = "; ".join(filter(None, [response["description"], f"`{error.code}`: {error.title}"]))


def _replace_default_422(operation: OpenApiObject) -> None:
    """Replace the validation errors of FastAPI by the problem that the services return instead."""
    for status, response in operation["responses"].items():
        if response.get("content", {}).get(JSON, {}).get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
            operation["responses"][status] = responses(InvalidInput)[InvalidInput.status]


def _show_streams_as_text(operation: OpenApiObject) -> None:
    """Remove `itemSchema`, which FastAPI uses for streams: OpenAPI has it only from 3.2, and this document is 3.1."""
    for media in _media_types(operation["responses"].values()):
        if media.pop("itemSchema", None) is not None:
            media.setdefault("schema", {"type": "string"})


def _name_inline_bodies(operation: OpenApiObject, schemas: OpenApiObject) -> None:
    """Move an inline body with a title to the named schemas: generators refer to an inline body by a name that they do not define."""
    for media in _media_types([operation.get("requestBody", {})]):
        if media.get("schema", {}).get("type") == "object" and (name := media["schema"].get("title")):
            schemas[name], media["schema"] = media["schema"], {"$ref": SCHEMAS + name}


def _media_types(bodies: Any) -> Iterator[OpenApiObject]:
    for body in bodies:
        yield from body.get("content", {}).values()


def _show_examples(operation: OpenApiObject, schemas: OpenApiObject) -> None:
    """Give every JSON body and response the example of its schema; a list gets a page with the example of its entries."""
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        media = body.get("content", {}).get(JSON, {})
        example = _example_of(media.get("schema", {}), schemas)
        if example is not None:
            media.setdefault("example", example)


def _example_of(schema: OpenApiObject, schemas: OpenApiObject) -> Any:
    """Return an example of a schema, or None if its model has none."""
    for choice in schema.get("anyOf", [schema]):
        found = schemas.get(choice.get("$ref", "").removeprefix(SCHEMAS), choice)
        if examples := found.get("examples"):
            return examples[0]
        properties = found.get("properties", {})
        if (
            set(properties) == {"items", "total", "next_cursor"}
            and (item := _example_of(properties["items"]["items"], schemas)) is not None
        ):
            return {"items": [item], "total": 1, "next_cursor": None}
    return None


def _shared_problems(schema: OpenApiObject) -> OpenApiObject:
    """Move the examples of problems to the components, one for each code, and return them."""
    shared: OpenApiObject = {}
    for _, operation in _operations(schema):
        for response in operation["responses"].values():
            examples = response.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
            for code, example in examples.items():
                if shared.setdefault(code, example) == example:
                    examples[code] = {"$ref": f"#/components/examples/{code}"}
    return dict(sorted(shared.items()))


def _drop_unused(schema: OpenApiObject, schemas: OpenApiObject) -> None:
    """Remove the schemas that no operation refers to, directly or through another schema."""
    used: set[str] = set()
    waiting = list(_references(schema["paths"]))
    while waiting:
        name = waiting.pop()
        if name in schemas and name not in used:
            used.add(name)
            waiting += _references(schemas[name])
    for name in schemas.keys() - used:
        del schemas[name]


def _references(value: Any) -> Iterator[str]:
    """Return the names of the schemas that a part of the document refers to."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference.removeprefix(SCHEMAS)
        if isinstance(mapping := value.get("mapping"), dict):  # of a discriminator
            yield from (target.removeprefix(SCHEMAS) for target in mapping.values() if isinstance(target, str))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _references(inner)
