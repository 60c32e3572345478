"""The published language: what was once said stays readable, and nothing of a person can be said."""

import json
from pathlib import Path

import pytest
import yaml

from shared.contracts import REGISTRY, TOPICS
from shared.contracts.asyncapi import document

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
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
NAMES_OF_ORGANISATIONS = {"name_kk", "name_ru", "short_name", "aliases"}


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

    def test_its_service_and_topic_are_known(self, event_type):
        event = REGISTRY[event_type]
        assert event.SERVICE in {"intake", "routing", "provider-contact", "analytics"}
        assert event.TOPIC in TOPICS
        assert event_type == f"kz.aryz.{event.SERVICE}.{event.FACT}.v1"


def test_every_golden_example_belongs_to_an_event():
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EVENTS)


def test_the_committed_asyncapi_document_is_the_one_the_registry_makes():
    committed = yaml.safe_load((HERE.parents[1] / "deploy/asyncapi.yaml").read_text())
    assert committed == document(), "run `make asyncapi`"
