"""What a change of the event contracts breaks: an AsyncAPI document compared with an earlier one.

A log keeps what earlier versions wrote, and a reader of an earlier version may run beside a newer writer. So both directions count:
the newer reader must understand every earlier event, and the earlier reader every newer one. Events may gain optional fields, and the
document may gain events and headers. Anything else is a new version of the event type.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated"})
COMPARED = frozenset({"properties", "required", "anyOf", "items", "additionalProperties", "$ref"})
"""Keywords that are compared by their parts. Every other keyword has to be the same."""


def breaking_changes(earlier: Document, newer: Document) -> list[str]:
    """Return a sentence for each change that a reader of the other version would not understand."""
    return [*_of_channels(earlier, newer), *_of_messages(earlier, newer)]


def messages_of(document: Document) -> dict[str, Mapping[str, Any]]:
    """Return the messages of a document by event type."""
    return {message["name"]: message for message in document["components"]["messages"].values()}


def payload_of(document: Document, event_type: str) -> Schema:
    """Return the JSON schema of an event's payload, complete in itself."""
    return {**messages_of(document)[event_type]["payload"], "components": {"schemas": document["components"].get("schemas", {})}}


def _of_channels(earlier: Document, newer: Document) -> Iterator[str]:
    for name, channel in earlier["channels"].items():
        now = newer["channels"].get(name)
        if now is None:
            yield f"channel {name} was removed"
            continue
        kafka, kafka_now = channel["bindings"]["kafka"], now["bindings"]["kafka"]
        for what in ("topic", "partitions"):
            if kafka[what] != kafka_now[what]:
                yield f"channel {name}: {what} was {kafka[what]} and is {kafka_now[what]}"
        if channel["address"] != now["address"]:
            yield f"channel {name}: address was {channel['address']} and is {now['address']}"
        for event_type in sorted(_types_in(earlier, channel) - _types_in(newer, now)):
            yield f"{event_type} left the channel {name}"


def _types_in(document: Document, channel: Mapping[str, Any]) -> set[str]:
    messages = document["components"]["messages"]
    return {messages[each["$ref"].rpartition("/")[2]]["name"] for each in channel["messages"].values()}


def _of_messages(earlier: Document, newer: Document) -> Iterator[str]:
    traits = [document["components"]["messageTraits"]["cloudEvent"]["headers"] for document in (earlier, newer)]
    yield from _of_schema("headers of every event", traits[0], traits[1], earlier, newer)
    now = messages_of(newer)
    for event_type, message in messages_of(earlier).items():
        if event_type not in now:
            yield f"{event_type} was removed"
            continue
        yield from _of_schema(event_type, message["payload"], now[event_type]["payload"], earlier, newer)
        if "headers" in message:
            yield from _of_schema(f"{event_type}, headers", message["headers"], now[event_type].get("headers", {}), earlier, newer)


def _of_schema(where: str, old: Schema, new: Schema, earlier: Document, newer: Document) -> Iterator[str]:
    old, new = _resolved(old, earlier), _resolved(new, newer)
    fixed, fixed_now = ({key: value for key, value in each.items() if key not in ANNOTATIONS | COMPARED} for each in (old, new))
    if fixed != fixed_now:
        yield f"{where} was {fixed} and is {fixed_now}"
    yield from _of_fields(where, old, new, earlier, newer)
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), Mapping) and isinstance(new.get(key), Mapping):
            yield from _of_schema(f"{where}[]", old[key], new[key], earlier, newer)
        elif old.get(key) != new.get(key):
            yield f"{where}: {key} was {old.get(key)} and is {new.get(key)}"
    choices: Sequence[Schema] = old.get("anyOf", ())
    choices_now: Sequence[Schema] = new.get("anyOf", ())
    if len(choices) != len(choices_now):
        yield f"{where} had {len(choices)} alternative types and has {len(choices_now)}"
    for choice, choice_now in zip(choices, choices_now, strict=False):
        yield from _of_schema(where, choice, choice_now, earlier, newer)


def _of_fields(where: str, old: Schema, new: Schema, earlier: Document, newer: Document) -> Iterator[str]:
    fields, fields_now = old.get("properties", {}), new.get("properties", {})
    required, required_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(fields.keys() - fields_now.keys()):
        yield f"{where}.{name} was removed"
    for name in sorted(required_now - required):
        yield f"{where}.{name} is required, but earlier events are without it"
    for name in sorted((required - required_now) & fields_now.keys()):
        yield f"{where}.{name} may be missing, but earlier readers require it"
    for name in sorted(fields.keys() & fields_now.keys()):
        yield from _of_schema(f"{where}.{name}", fields[name], fields_now[name], earlier, newer)


def _resolved(schema: Schema, document: Document) -> Schema:
    """Return the schema that a reference points to, or the schema itself."""
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
