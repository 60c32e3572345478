"""The OpenAPI document of an application: the one of `test_http`."""

import json
from typing import Any

from tests.shared.test_http import app


class TestDocument:
    def test_the_document_shows_the_body_with_every_reference_resolved(self):
        schema = app().openapi()

        operation = schema["paths"]["/intake/v1/appeals"]["post"]
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        properties = schema["components"]["schemas"][name]["properties"]
        assert properties["text"]["maxLength"] == 20_000
        assert {"400", "413", "415", "422", "201"} <= set(operation["responses"])
        assert not dangling(schema)

    def test_a_model_that_is_both_asked_and_answered_keeps_both_shapes(self):
        schema = app().openapi()

        asked = schema["paths"]["/intake/v1/shared/{item}"]["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        answered = schema["paths"]["/intake/v1/shared/{item}"]["put"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        components = schema["components"]["schemas"]
        assert "required" not in components[asked.rpartition("/")[2]]
        assert set(components[answered.rpartition("/")[2]]["properties"]) == {"findings", "note"}

    def test_refusals_are_problems_and_fastapis_own_422_is_gone(self):
        text = json.dumps(app().openapi())

        assert "HTTPValidationError" not in text
        assert "application/problem+json" in text

    def test_asking_twice_gives_the_same_document(self):
        made = app()

        assert made.openapi() == made.openapi()


def leads_somewhere(schema: dict[str, Any], reference: str) -> bool:
    kind, name = reference.removeprefix("#/components/").split("/")
    return name in schema["components"][kind]


def dangling(schema: dict[str, Any]) -> list[str]:
    """References in the document that lead nowhere."""
    found = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str) and not leads_somewhere(schema, value["$ref"]):
                found.append(value["$ref"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(schema)
    return found
