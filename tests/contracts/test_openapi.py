"""What integrators rely on in the OpenAPI documents. `make contracts` also runs a linter and compiles generated clients."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from shared.errors import PROBLEM_JSON
from tests.contracts.openapi_documents import SERVICES, document_of, operations

NAMES = Path(__file__).parent / "operation_ids.json"
ANYONE = {
    "GET /intake/v1/services",
    "GET /intake/v1/services/{code}",
    "HEAD /intake/v1/uploads/{upload_id}",
    "GET /provider-contact/v1/ratings",
    "GET /routing/v1/deadlines",
    "POST /routing/v1/letter-checks",
}
"""Calls that never look at a token."""


@pytest.fixture(scope="module", params=SERVICES)
def service(request):
    return request.param


@pytest.fixture(scope="module")
def document(service):
    return document_of(service)


def contents(operation):
    """The media types of an operation's bodies: of the request and of each status."""
    bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
    return [(where, kind, media) for where, body in bodies.items() for kind, media in body.get("content", {}).items()]


def is_valid(example, schema, document):
    resolved = {**schema, "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(resolved).is_valid(example)


class TestOperations:
    def test_the_names_that_generated_clients_use_stay(self, service, document):
        """A renamed operation breaks whoever generates a client again: change this file only with a line in the changelog."""
        names = {name: operation["operationId"] for name, operation in operations(document)}

        assert names == json.loads(NAMES.read_text())[service]

    def test_each_has_one_tag_that_is_described(self, document):
        described = {tag["name"]: tag["description"] for tag in document["tags"]}
        used = [operation["tags"] for _, operation in operations(document)]

        assert {tag for tags in used for tag in tags} == set(described)
        assert all(len(tags) == 1 for tags in used)
        assert all(described.values())

    def test_each_says_who_may_call_it(self, document):
        schemes = document["components"]["securitySchemes"]
        declared = {name: operation["security"] for name, operation in operations(document)}

        assert {scheme for security in declared.values() for choice in security for scheme in choice} <= set(schemes)
        assert {name for name, security in declared.items() if not security} == ANYONE & set(declared)

    def test_each_can_be_called_where_the_document_is_served(self, document):
        assert [server["url"] for server in document["servers"]] == ["/"]


class TestExamples:
    def test_each_json_body_has_an_example_of_its_schema(self, document):
        found = {
            f"{name} {where}": "example" in media and is_valid(media["example"], media["schema"], document)
            for name, operation in operations(document)
            for where, kind, media in contents(operation)
            if kind == "application/json"
        }

        assert found
        assert [name for name, valid in found.items() if not valid] == []

    def test_each_refusal_has_an_example_with_its_code_and_status(self, document):
        examples = document["components"]["examples"]
        for name, operation in operations(document):
            for status, kind, media in contents(operation):
                if kind == PROBLEM_JSON:
                    assert media["examples"], (name, status)
                    for code, example in media["examples"].items():
                        value = examples[code]["value"] if "$ref" in example else example["value"]
                        assert (value["code"], str(value["status"])) == (code, status), name
                        assert is_valid(value, media["schema"], document)

    def test_a_strict_body_is_closed_in_the_way_that_generated_clients_read(self, document):
        """A client made from `additionalProperties: false` in OpenAPI 3.1 sends each field twice, also under its name in the client."""
        schemas = document["components"]["schemas"].values()

        assert all(schema.get("additionalProperties") is not False for schema in schemas)
        assert {schema["unevaluatedProperties"] for schema in schemas if "unevaluatedProperties" in schema} <= {False}

    def test_a_second_application_has_the_same_document(self, service, document):
        assert document_of(service) == document
