"""The contracts change additively: today's document is understood by earlier versions, and theirs by today's."""

import copy
import json
import sqlite3
import tarfile
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from shared.contracts.asyncapi import document
from tests.contracts.compatibility import breaking_changes, messages_of, payload_of

HERE = Path(__file__).parent
DOCUMENTS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((HERE / "documents").glob("*.yaml"))}
GOLDEN = {path.stem: json.loads(path.read_text()) for path in sorted((HERE / "golden").glob("*.json"))}
ROUTED = "kz.aryz.routing.appeal-routed.v1"
KNOWN = [(name, event_type) for name, known in DOCUMENTS.items() for event_type in messages_of(known)]


RECORDED = HERE.parent / "suite" / "data" / "data-folder-2026-11-29.tar.xz"
"""Its log has events of two versions."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The events of a log, each as its type and its payload."""
    folder = tmp_path_factory.mktemp("recorded")
    with tarfile.open(RECORDED) as archive:
        archive.extract("events.db", folder, filter="data")
    connection = sqlite3.connect(folder / "events.db")
    rows = connection.execute("SELECT headers, value FROM record").fetchall()
    connection.close()
    return [(dict(json.loads(headers))["ce_type"], json.loads(value)) for headers, value in rows]


@pytest.fixture
def changed():
    """A copy of today's document, to be changed."""
    return copy.deepcopy(document())


def payload(changed, event="AppealRouted"):
    return changed["components"]["messages"][event]["payload"]


class TestEarlierDocuments:
    def test_they_are_there(self):
        assert len(DOCUMENTS) >= 2

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_nothing_that_an_earlier_version_reads_or_wrote_was_changed(self, name):
        assert breaking_changes(DOCUMENTS[name], document()) == []

    @pytest.mark.parametrize(("name", "event_type"), KNOWN)
    def test_todays_example_of_an_event_is_valid_by_an_earlier_contract(self, name, event_type):
        schema = jsonschema_rs.validator_for(payload_of(DOCUMENTS[name], event_type), validate_formats=True)
        assert list(schema.iter_errors(GOLDEN[event_type])) == []

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_recorded_events_are_valid_by_an_earlier_contract(self, name, recorded):
        """Those of the writer that puts the first clock into `appeal-routed` too."""
        assert any(payload.get("clock") for event_type, payload in recorded if event_type == ROUTED)
        schemas = {
            each: jsonschema_rs.validator_for(payload_of(DOCUMENTS[name], each), validate_formats=True)
            for each in messages_of(DOCUMENTS[name])
        }
        assert [event_type for event_type, payload in recorded if not schemas[event_type].is_valid(payload)] == []


def _without(changed):
    del payload(changed)["properties"]["queue"]
    payload(changed)["required"].remove("queue")


def _required(changed):
    payload(changed)["required"].append("clock")


def _optional(changed):
    payload(changed)["required"].remove("queue")


def _narrowed(changed):
    payload(changed)["properties"]["tier"] = {"type": "string"}


def _fewer_values(changed):
    payload(changed)["properties"]["urgency"]["enum"].remove("URGENT")


def _another_value(changed):
    payload(changed)["properties"]["urgency"]["enum"].append("LATER")


def _nullable(changed):
    payload(changed)["properties"]["queue"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _not_nullable(changed):
    payload(changed)["properties"]["category"] = {"type": "string"}


def _other_items(changed):
    payload(changed, "AnswerGiven")["properties"]["findings"]["items"] = {"type": "integer"}


def _inside(changed):
    del changed["components"]["schemas"]["StartedClock"]["properties"]["due_at"]


def _event_gone(changed):
    del changed["components"]["messages"]["AppealRouted"]
    del changed["channels"]["appeals"]["messages"]["AppealRouted"]


def _header_gone(changed):
    del changed["components"]["messageTraits"]["cloudEvent"]["headers"]["properties"]["ce_id"]


def _extension_gone(changed):
    del changed["components"]["messages"]["AppealRouted"]["headers"]


def _other_channel(changed):
    changed["channels"]["calls"]["messages"]["AppealRouted"] = changed["channels"]["appeals"]["messages"].pop("AppealRouted")


def _more_partitions(changed):
    changed["channels"]["appeals"]["bindings"]["kafka"]["partitions"] = 24


BREAKING = [
    _without, _required, _optional, _narrowed, _fewer_values, _another_value, _nullable, _not_nullable, _other_items, _inside,
    _event_gone, _header_gone, _extension_gone, _other_channel, _more_partitions,
]  # fmt: skip


class TestAChange:
    @pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.__name__.strip("_"))
    def test_that_a_reader_would_not_understand_is_refused(self, changed, change):
        change(changed)
        assert breaking_changes(document(), changed)

    def test_that_adds_is_allowed(self, changed):
        payload(changed)["properties"]["added"] = {"type": "string", "default": ""}
        changed["components"]["schemas"]["StartedClock"]["properties"]["added"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
        changed["components"]["messages"]["Added"] = {
            **changed["components"]["messages"]["AppealRouted"],
            "name": "kz.aryz.routing.added.v1",
        }
        changed["channels"]["appeals"]["messages"]["Added"] = {"$ref": "#/components/messages/Added"}
        payload(changed)["properties"]["queue"]["description"] = "Worded otherwise."
        assert breaking_changes(document(), changed) == []

    def test_is_named_by_its_field(self, changed):
        _without(changed)
        assert breaking_changes(document(), changed) == [f"{ROUTED}.queue was removed"]
