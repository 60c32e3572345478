"""The longest and most repetitive values that a field, a header or a body may have, by its JSON schema, and ordinary values beside them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.http import BODY_LIMIT, VALUES_LIMIT

Schema = Mapping[str, Any]

TEXT_LIMIT = 20_000  # characters of a field without a limit of its own
UNITS = {
    "words": "а ",
    "letters": "а",
    "danger": "не дышит ",
    "backslashes": "\\",
    "brackets": "(",
    "semicolons": ";",
    "dots": ".",
    "digits": "1",
    "spaces": " ",
    "marks": "\u0301",
    "soft hyphens": "\u00ad",
    "broken lines": "а-\n",
    "quotes": '"',
    "addresses": "a@",
}
SHORT = ("words", "digits", "soft hyphens", "backslashes")
"""For fields of a few hundred characters."""
LONG_FIELD = 1_000

# Ordinary values by the name of a field, so that a request with one extreme field gets as far as it can.
GOOD: dict[str, Any] = {
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "language": "ru",
    "channel": "APP",
    "text": "Отказали в приёме терапевта.",
    "full_name": "Сынақ Азамат",
    "iin": "991231501014",
    "phone": "+77010000000",
    "email": "synaq@mail.example",
    "address": "Сынақ көшесі, 1",
    "consents": ["PROCESSING"],
    "url": "http://127.0.0.1:9/hook",
    "from": "2025-01-01",
    "to": "2025-12-31",
    "policy": "APPK_15WD",
    "query": "емхана",
    "limit": 50,
    "outcome": "RESOLVED",
    "score": 5,
    "purpose": "classification",
    "call_id": "call-1",
    "update_id": 1,
    "ids": ["018f0000-0000-7000-8000-0000000000aa"],
    "length": 10,
    "expected_version": 1,
    "received_at": "2026-02-02T09:15:00Z",
}
LEFT_OUT = {"topic", "statutory_form", "external_number", "provider", "received_at", "answer_by"}
"""Fields that an ordinary request is right without."""


def repeated(unit: str, length: int) -> str:
    """`unit` again and again between two letters, `length` characters in all: cleaning and stripping leave it."""
    inner = max(0, length - 2)
    return ("а" + (unit * (inner // len(unit) + 1))[:inner] + "а")[:length]


def resolved(schema: Schema, document: Schema) -> Schema:
    """The schema without references and alternatives: of several the first that is not null."""
    while True:
        if "$ref" in schema:
            found: Any = document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        elif each := next((schema[key] for key in ("anyOf", "oneOf", "allOf") if key in schema), None):
            schema = next((one for one in each if one.get("type") != "null"), each[0])
        else:
            return schema


def ordinary(name: str, schema: Schema, document: Schema) -> Any:
    """A value that is probably right for a field of this name."""
    schema = resolved(schema, document)
    choices = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if name in GOOD and (not choices or GOOD[name] in choices) and _fits(GOOD[name], schema):
        return GOOD[name]
    if choices:
        return choices[0]
    return _by_type(name, schema, document)


def _by_type(name: str, schema: Schema, document: Schema) -> Any:
    kind = schema.get("type")
    if kind == "object":
        required, properties = schema.get("required", []), schema.get("properties", {})
        wanted = [one for one in properties if one in required or (one in GOOD and one not in LEFT_OUT)]
        return {one: ordinary(one, properties[one], document) for one in wanted}
    if kind == "array":
        return [ordinary(name, schema.get("items", {}), document)] * max(1, schema.get("minItems", 0))
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    formats = {"uuid": GOOD["ids"][0], "date": "2026-02-02", "date-time": "2026-02-02T09:15:00Z", "uri": GOOD["url"]}
    return formats.get(schema.get("format", ""), "сынақ текст"[: schema.get("maxLength", 20)])


def _fits(value: Any, schema: Schema) -> bool:
    kinds = {"string": str, "integer": int, "number": (int, float), "array": list, "boolean": bool, "object": dict}
    kind = schema.get("type")
    return kind not in kinds or isinstance(value, kinds[kind])


@dataclass(frozen=True)
class Leaf:
    """A text of a body, by its place in it."""

    path: tuple[str | int, ...]
    limit: int

    def put_into(self, body: Any, value: Any) -> Any:
        """A copy of the body with the value in this place; what is missing on the way is made."""
        return _with_value(body, self.path, value)


def _with_value(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        entries = list(body) if isinstance(body, list) else []
        return [_with_value(entries[0] if entries else None, rest, value), *entries[1:]]
    fields = dict(body) if isinstance(body, dict) else {}
    return fields | {head: _with_value(fields.get(head), rest, value)}


def leaves(schema: Schema, document: Schema, path: tuple[str | int, ...] = (), depth: int = 6) -> Iterator[Leaf]:
    """Every text in a body of this schema, lists by their first entry."""
    schema = resolved(schema, document)
    if depth == 0:
        return
    for name, inner in schema.get("properties", {}).items():
        yield from leaves(inner, document, (*path, name), depth - 1)
    if schema.get("type") == "array":
        yield from leaves(schema.get("items", {}), document, (*path, 0), depth - 1)
    if schema.get("type") == "string":
        yield Leaf(path, schema.get("maxLength", TEXT_LIMIT))


def largest(schema: Schema, document: Schema, unit: str, name: str = "") -> Any:
    """A body with every field there is, each as long as it may be, lists as full as they may be within the limit of a body."""
    schema = resolved(schema, document)
    if "enum" in schema or "const" in schema:
        return ordinary(name, schema, document)
    kind = schema.get("type")
    if kind == "object":
        return {one: largest(inner, document, unit, one) for one, inner in schema.get("properties", {}).items()}
    if kind == "array":
        entry = largest(schema.get("items", {}), document, unit, name)
        size = len(json.dumps(entry, ensure_ascii=False).encode()) + 2
        return [entry] * max(1, min(schema.get("maxItems", VALUES_LIMIT // 10), BODY_LIMIT // 2 // size))
    if kind == "string" and "format" not in schema:
        return repeated(unit, schema.get("maxLength", TEXT_LIMIT))
    return ordinary(name, schema, document)


def malformed(room: int) -> dict[str, bytes]:
    """Bodies of about `room` bytes that are no good whatever the call: nested, endless in names, numbers, errors."""
    return {
        "nested lists": b"[" * room,
        "nested objects": b'{"a":' * (room // 5),
        "unknown fields": b'{"x":1' + b"".join(b',"x%d":1' % n for n in range(room // 10))[: room - 2] + b"}",
        "unknown fields of one name": b'{"x":1' + b',"x":1' * (room // 6) + b"}",
        "long number": b'{"text":' + b"1" * room + b"}",
        "long fraction": b'{"text":1.' + b"1" * room + b"}",
        "broken texts": b'{"text":[' + b'"\\u0000",' * (room // 9) + b'""]}',
        "many numbers beside a broken text": b'{"a":"\\u0000","text":[' + b"0," * (room // 2 - 20) + b"0]}",
        "NaN": b'{"text":[NaN,' + b"0," * (room // 2 - 20) + b"0]}",
        "lone surrogates": b'{"text":"' + b"\\ud800" * (room // 6) + b'"}',
        "escapes": b'{"text":"' + b"\\\\" * (room // 2) + b'"}',
        "a long text": b'{"text":"' + b"a" * room + b'"}',
        "no UTF-8": b"\xff" * room,
        "entries of a wrong type": b'{"consents":[' + b"{}," * (room // 3) + b"{}]," + b'"ids":[1],"text":[[]]}',
        "ids of a wrong form": b'{"purpose":"a","ids":[' + b'"x",' * (room // 4) + b'"x"]}',
        "findings without fields": b'{"findings":[' + b"{}," * (room // 3) + b"{}]}",
    }
