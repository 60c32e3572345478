"""The AsyncAPI 3 document of the event log, generated from the registry: `python -m shared.contracts.asyncapi` prints it."""

import sys
from inspect import cleandoc
from typing import Any, TypeAlias

import yaml

from shared.contracts import COMPACTED, PARTITIONS, REGISTRY, TOPICS, Event

JsonObject: TypeAlias = dict[str, Any]

HEADERS: JsonObject = {
    "type": "object",
    "required": [
        "content-type",
        *(f"ce_{name}" for name in ("specversion", "id", "source", "type", "time", "subject", "partitionkey", "correlationid")),
    ],
    "properties": {
        "content-type": {"const": "application/json"},
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "Unique id. A duplicate of an event has the same id."},
        "ce_source": {"type": "string", "description": "The publishing service, `/aryz/<service>`."},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {
            "type": "string",
            "format": "uuid",
            "description": "The appeal, provider, call or article that the event is about.",
        },
        "ce_partitionkey": {"type": "string", "description": "Equals the subject: events with one key keep their order."},
        "ce_correlationid": {"type": "string", "format": "uuid", "description": "The first event of the causal chain."},
        "ce_causationid": {"type": "string", "format": "uuid", "description": "The event that caused this one."},
        "traceparent": {"type": "string", "description": "W3C trace context."},
    },
}
CHANNELS = {
    "aryz.appeals.v1": ("appeals", "All events of every appeal, published by all services. Events of one appeal keep their causal order."),
    "aryz.providers.v1": (
        "providers",
        "The public part of the provider directory. The topic is compacted: the newest entry of each provider is retained.",
    ),
    "aryz.calls.v1": ("calls", "Ended calls to the telephone centre, for statistics."),
    "aryz.ratings.v1": ("ratings", "Ratings of providers and doctors by residents. The latest rating of one `rating_id` counts."),
    "aryz.articles.v1": (
        "articles",
        "Published answers to common questions, in two languages. The topic is compacted: the newest record of each article is retained.",
    ),
    "aryz.self-service.v1": ("self-service", "Questions that a published article answered before they were filed, for statistics."),
}


def document() -> JsonObject:
    """Return the document as plain data in a stable order."""
    channels = {name: _channel(topic, text) for topic, (name, text) in CHANNELS.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Aryz events",
            "version": "1.0.0",
            "description": "Events that the services of the appeal desk publish: CloudEvents 1.0 in Kafka's binary mode. "
            "Events contain codes, ids, times and counts, never a name, a number of a person, a contact or a text of people.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {f"{_name(event)}": _operation(event) for event in REGISTRY.values()},
        "components": {
            "messages": {_name(event): _message(event) for event in REGISTRY.values()},
            "messageTraits": {"cloudEvent": {"headers": HEADERS, "contentType": "application/json"}},
            "schemas": {name: part for event in REGISTRY.values() for name, part in _schema(event).get("$defs", {}).items()},
        },
    }


def _channel(topic: str, text: str) -> JsonObject:
    messages = {_name(event): {"$ref": f"#/components/messages/{_name(event)}"} for event in REGISTRY.values() if topic == event.TOPIC}
    cleanup = ["compact"] if topic in COMPACTED else ["delete"]
    configuration = {"cleanup.policy": cleanup, "retention.ms": -1}
    kafka = {"topic": topic, "partitions": PARTITIONS, "topicConfiguration": configuration, "bindingVersion": "0.5.0"}
    return {"address": topic, "description": text, "messages": messages, "bindings": {"kafka": kafka}}


def _operation(event: type[Event]) -> JsonObject:
    channel = CHANNELS[event.TOPIC][0]
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": f"Published by {event.SERVICE}",
        "messages": [{"$ref": f"#/channels/{channel}/messages/{_name(event)}"}],
        "tags": [{"name": event.SERVICE}],
    }


def _message(event: type[Event]) -> JsonObject:
    extensions = {
        f"ce_{attribute.name}": {"enum": ["true", "false"], "description": attribute.description} for attribute in event.EXTENSIONS
    }
    headers: JsonObject = {"headers": {"type": "object", "properties": extensions}} if extensions else {}
    return {
        "name": event.TYPE,
        "title": event.FACT.replace("-", " ").capitalize(),
        "summary": cleandoc(event.__doc__ or "").split("\n\n")[0].replace("\n", " "),
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        **headers,
        "payload": {key: value for key, value in _schema(event).items() if key not in {"title", "description", "$defs"}},
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}, "bindingVersion": "0.5.0"}},
    }


def _schema(event: type[Event]) -> JsonObject:
    """Return the JSON schema of the event. Its parts stand in `$defs`, and references to them point into the document's components."""
    return event.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")


def _name(event: type[Event]) -> str:
    return event.__name__


def as_yaml() -> str:
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    if set(CHANNELS) != set(TOPICS):
        raise SystemExit("a topic has no channel in the document")
    sys.stdout.write(as_yaml())
