"""The published language: what was once said stays readable, and nothing of a person can be said."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import yaml

from shared.contracts import REGISTRY, TOPICS
from shared.contracts.asyncapi import document
from shared.messaging.envelope import Envelope

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
EARLIER = GOLDEN / "earlier"
EVENTS = sorted(REGISTRY)

# What the law and design.md keep out of events; `number` is the registration number, which alone opens nothing.
FORBIDDEN = {
    "name",
    "full_name",
    "iin",
    "bin",
    "phone",
    "email",
    "address",
    "text",
    "words",
    "pin",
    "token",
    "file_name",
    "chat_id",
    "subject",
    "actor",
}
LONGEST_ATTRIBUTE = 20  # characters, as CloudEvents 1.0 recommends
NAMES_OF_ORGANISATIONS = {"name_kk", "name_ru", "short_name", "aliases"}
PUBLIC_TEXTS = {"answers", "synonyms", "how_to_complain"}


@pytest.mark.parametrize("event_type", EVENTS)
class TestEveryEvent:
    def test_a_golden_example_reads_and_writes_the_same(self, event_type):
        golden = json.loads((GOLDEN / f"{event_type}.json").read_text())
        event = REGISTRY[event_type].model_validate_json(json.dumps(golden))
        assert json.loads(event.model_dump_json()) == golden

    def test_a_reader_ignores_what_a_later_writer_adds(self, event_type):
        golden = json.loads((GOLDEN / f"{event_type}.json").read_text())
        later = REGISTRY[event_type].model_validate_json(json.dumps(golden | {"added_later": 1}))
        assert json.loads(later.model_dump_json()) == golden

    def test_no_field_can_hold_what_must_not_leave_its_service(self, event_type):
        fields = set(REGISTRY[event_type].model_fields)
        assert not fields & FORBIDDEN
        if REGISTRY[event_type].TOPIC != "aryz.providers.v1":
            assert not fields & NAMES_OF_ORGANISATIONS
        if REGISTRY[event_type].FACT != "article-published":
            assert not fields & PUBLIC_TEXTS

    def test_its_service_and_topic_are_known(self, event_type):
        event = REGISTRY[event_type]
        assert event.SERVICE in {"intake", "routing", "provider-contact", "analytics"}
        assert event.TOPIC in TOPICS
        assert event_type == f"kz.aryz.{event.SERVICE}.{event.FACT}.v1"


@pytest.mark.parametrize("path", sorted(EARLIER.glob("*.json")), ids=lambda path: path.stem)
def test_an_earlier_form_of_an_event_reads_with_the_defaults_of_the_fields_added_since(path):
    golden, model = json.loads(path.read_text()), REGISTRY[path.stem]
    read = json.loads(model.model_validate_json(json.dumps(golden)).model_dump_json())
    added = {name: model.model_fields[name].default for name in read.keys() - golden.keys()}
    assert added
    assert read == golden | added


@pytest.mark.parametrize("path", sorted(EARLIER.glob("*.json")), ids=lambda path: path.stem)
def test_a_reader_of_an_earlier_form_finds_in_the_newest_everything_it_knows(path):
    """It ignores unknown fields, so the fields that it knows have the same names and values."""
    earlier, newest = (json.loads((folder / path.name).read_text()) for folder in (EARLIER, GOLDEN))
    assert {name: newest[name] for name in earlier} == earlier


@pytest.mark.parametrize("event_type", EVENTS)
def test_an_extension_attribute_is_in_the_headers_and_in_the_document(event_type):
    model = REGISTRY[event_type]
    payload = (GOLDEN / f"{event_type}.json").read_bytes()
    event_id = UUID(int=1)
    headers = Envelope(event_id, event_type, datetime.now(UTC), str(event_id), event_id, None, None, payload).headers
    names = {f"ce_{attribute.name}" for attribute in model.EXTENSIONS}
    assert {name for name, value in headers if name in names and value in {b"true", b"false"}} == names
    documented = document()["components"]["messages"][model.__name__].get("headers", {"properties": {}})
    assert documented["properties"].keys() == names
    assert all(name.removeprefix("ce_").isalnum() and name.islower() and len(name) <= len("ce_") + LONGEST_ATTRIBUTE for name in names)


def test_every_golden_example_belongs_to_an_event():
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EVENTS)


def test_the_committed_asyncapi_document_is_the_one_the_registry_makes():
    committed = yaml.safe_load((HERE.parents[1] / "deploy/asyncapi.yaml").read_text())
    assert committed == document(), "run `make asyncapi`"
