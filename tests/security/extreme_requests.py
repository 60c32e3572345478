"""Requests generated from the documents and the pages of a suite, each with one thing in it that is as long and repetitive as allowed."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from shared.http import BODY_LIMIT, FEW_VALUES
from tests.security.extreme_values import GOOD, LONG_FIELD, SHORT, TEXT_LIMIT, UNITS, largest, leaves, malformed, ordinary, repeated

TARGET_ROOM = 7_500  # bytes of a query or a path; the limit is 8 192 for both
HEADER_ROOM = 14_000  # bytes; the limit is 16 384 with the token and the rest
FORM_ROOM = 240_000
VERSION = b'"expected_version": 1'
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True)
class Ask:
    """A request; `about` says what is extreme in it."""

    method: str
    path: str
    about: str = ""
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None
    """Column of roles.csv."""
    is_page: bool = False
    template: str = ""

    @property
    def named(self) -> str:
        return f"{self.method} {self.template or self.path} [{self.about}]"


def _of(*units: str, room: int = HEADER_ROOM) -> list[str]:
    return [unit * (room // len(unit)) for unit in units]


HEADERS: dict[str, list[str]] = {
    "cookie": ['a="' + "\\" * HEADER_ROOM + '"', 'a="' + "\\101" * (HEADER_ROOM // 4) + '"', *_of(";", "a=1;", "=", '"', "aryz_lang=ru;")],
    "accept-language": _of("ru,", "a;q=1,", "-", "*,", ";q=", "ru-"),
    "accept": _of("text/html,", "a/b;q=0.1,", ";", "json"),
    "content-disposition": [one + rest for one in ("attachment", "") for rest in _of(";", ';a="', ";filename*=", "\\", '"')],
    "content-type": ["application/json" + one for one in _of(";", ";a=b", ';a="')] + ["multipart/form-data;boundary=" + "x" * HEADER_ROOM],
    "authorization": ["Bearer " + one for one in _of(".", "a.", "=", "e", " ", room=8_000)] + _of("Basic ", ","),
    "idempotency-key": _of("a", "-", "\\", room=255) + _of("a", " "),
    "appeal-pin": _of("1", " ", "-", "a"),
    "x-forwarded-for": _of(",", "127.0.0.1,", "::1,", ":", "1."),
    "forwarded": _of("for=", ";", ","),
    "if-none-match": _of('W/"a",', '"', ",", "W/", "*,"),
    "if-modified-since": _of("Mon, ", "1 ", ":", "-", "(("),
    "range": ["bytes=" + one for one in _of("0-1,", ",", "-", "0-,", "1-0,")],
    "if-range": _of('"', ",", "Mon "),
    "last-event-id": _of("a", "=", "A_", "-"),
    "host": _of("a", ".", ":", "[", "a:"),
    "origin": ["http://" + one for one in _of("a", ":", "[", "/", "@")],
    "traceparent": _of("00-", "-", "0"),
    "x-telegram-bot-api-secret-token": _of("a", "\\"),
    "upload-token": _of("a", room=100) + _of("-"),
    "upload-offset": _of("1", " ", "_"),
    "webhook-signature": _of("v1,", "v1,a ", " ", ","),
    "webhook-id": _of("a", "."),
    "webhook-timestamp": _of("1", "."),
    "user-agent": _of("(", ";"),
    "x-unknown": _of("a"),
}


def of_headers(base: Ask, step: int | None = None) -> Iterator[Ask]:
    """The request with each header as long as the header block lets it be, and with very many headers.

    `turn`: one value of each header, another one each turn; without it all of them.
    """
    for name, values in HEADERS.items():
        chosen = range(len(values)) if step is None else [step % len(values)]
        for number in chosen:
            yield replace(base, about=f"header {name} {number}", headers={**base.headers, name: values[number]})
    yield replace(base, about="many headers", headers={**base.headers, **{f"x{n}": "" for n in range(1_500)}})


def of_document(
    document: Mapping[str, Any], ids: Mapping[str, str], roles: Mapping[str, str | None], headers: Mapping[str, str]
) -> Iterator[Ask]:
    """Every operation as it is ordinarily asked, by the role that may."""
    for path, item in document["paths"].items():
        for method, operation in sorted(item.items()):
            name = f"{method.upper()} {path}"
            parameters = operation.get("parameters", [])
            query = {
                one["name"]: ordinary(one["name"], one["schema"], document)
                for one in parameters
                if one["in"] == "query" and one["required"]
            }
            body = json.dumps(ordinary("", schema, document)).encode() if (schema := body_schema(operation)) else b""
            yield Ask(
                method.upper(), path.format_map(_Known(ids)), "ordinary", urlencode(query), body,
                {**headers, **({"content-type": JSON} if body else {})}, roles.get(name), template=path,
            )  # fmt: skip


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return str(GOOD.get(name, GOOD["ids"][0]))


def body_schema(operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    found: Mapping[str, Any] | None = content.get(JSON, {}).get("schema")
    return found


def of_operation(base: Ask, document: Mapping[str, Any]) -> Iterator[Ask]:
    """The operation with each of its parameters and fields in turn, and with all its fields, at their longest."""
    operation = document["paths"][base.template][base.method.lower()]
    sent = dict(parse_qsl(base.query))
    for one in operation.get("parameters", []):
        limit = one["schema"].get(
            "maxLength", next((each["maxLength"] for each in one["schema"].get("anyOf", []) if "maxLength" in each), 10**6)
        )
        for shape in _shapes(limit):
            if one["in"] == "query":
                value = _encoded_to(UNITS[shape], limit)
                rest = urlencode({name: each for name, each in sent.items() if name != one["name"]})
                yield replace(base, about=f"query {one['name']} {shape}", query=f"{rest}&{quote(one['name'])}={value}".lstrip("&"))
            if one["in"] == "path":
                path = base.template.replace(f"{{{one['name']}}}", _encoded_to(UNITS[shape], limit))
                yield replace(
                    base, about=f"path {one['name']} {shape}", path=re.sub(r"\{(\w+)\}", lambda m: str(GOOD.get(m[1], "a")), path)
                )
    yield replace(base, about="a long query", query="a=&" * (TARGET_ROOM // 3))
    if schema := body_schema(operation):
        yield from _of_body(base, schema, document)


def _of_body(base: Ask, schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Ask]:
    body = json.loads(base.body)
    for leaf in leaves(schema, document):
        for shape in _shapes(leaf.limit):
            changed = leaf.put_into(body, repeated(UNITS[shape], leaf.limit))
            yield replace(base, about=f"{'.'.join(map(str, leaf.path))} {shape}", body=json.dumps(changed, ensure_ascii=False).encode())
    for shape in SHORT:
        yield replace(
            base, about=f"all fields {shape}", body=json.dumps(largest(schema, document, UNITS[shape]), ensure_ascii=False).encode()
        )
    for room in (BODY_LIMIT - 100, FEW_VALUES):
        for name, raw in malformed(room).items():
            yield replace(base, about=f"{name}, {len(raw)} bytes", body=raw)


def _shapes(limit: int) -> tuple[str, ...]:
    return tuple(UNITS) if limit >= LONG_FIELD else SHORT


def _encoded_to(unit: str, limit: int) -> str:
    """As many repetitions as the address has room for, percent-encoded as a browser does."""
    encoded = (
        quote(unit, safe='();."\\a-@' if unit.isascii() else "")
        .replace("\\", "%7C")
        .replace(";", "%2C")
        .replace('"', "%22")
        .replace("\n", "%20")
    )
    return encoded * max(1, min(limit // len(unit), TARGET_ROOM // len(encoded)))


@dataclass
class FormFound:
    """A form as a page shows it: where it goes, its fields with what they hold, and how long the text in them may be."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        steps = [self.fields.get(name, "") for name in ("step", "form")]
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", self.action.partition("?")[0]), (*steps, *sorted(self.fields))


class _Forms(HTMLParser):
    """The forms of a page, and the names that its links put into queries."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.forms: list[FormFound] = []
        self.queries: set[str] = set()
        self._by_id: dict[str, FormFound] = {}
        self._select: str | None = None
        self._in_form = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "a":
            self.queries |= {name for name, _ in parse_qsl(urlsplit(given.get("href", "")).query, keep_blank_values=True)}
        elif tag == "form":
            self.forms.append(FormFound(given.get("action") or self.page, given.get("method", "get").lower()))
            self._by_id[given.get("id", "")] = self.forms[-1]
            self._in_form = True
        elif tag in {"input", "textarea", "select", "button"} and given.get("name"):
            form = self._by_id.get(given["form"]) if "form" in given else self.forms[-1] if self._in_form else None
            if form is not None and given.get("type") != "file":
                self._field(form, tag, given)
        elif tag == "option" and self._select and self.forms and not self.forms[-1].fields.get(self._select):
            self.forms[-1].fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False
        if tag == "select":
            self._select = None

    def _field(self, form: FormFound, tag: str, given: Mapping[str, str]) -> None:
        name = given["name"]
        value = given.get("value", "on" if given.get("type") == "checkbox" else "")
        if not form.fields.get(name):
            form.fields[name] = value or str(GOOD.get(name.rpartition(".")[2], "") if tag != "select" else "")
        if tag in {"input", "textarea"} and given.get("type", "text") not in {"checkbox", "radio", "hidden", "submit", "date", "number"}:
            form.limits[name] = int(given.get("maxlength") or TEXT_LIMIT)
        if tag == "select":
            self._select = name


def forms_of(page: str, html: str) -> tuple[list[FormFound], set[str]]:
    """The forms of a page that lives at this path, and the names of query parameters that it links to."""
    parser = _Forms(page)
    parser.feed(html)
    return parser.forms, parser.queries


def of_form(base: Ask, form: FormFound, seen: Counter[str]) -> Iterator[Ask]:
    """The form with each of its fields in turn at its longest: a long text in every shape, what is short or not typed in one by turns.

    `seen`: how many forms have had a long text of that name. The first gets every shape, the next ones a third of them by turns.
    """
    for turn, name in enumerate(form.fields):
        limit = form.limits.get(name, TEXT_LIMIT)
        shapes = tuple(UNITS) if name in form.limits and limit >= LONG_FIELD else (SHORT[turn % len(SHORT)],)
        if len(shapes) > 1:
            shapes = shapes[seen[name] % 3 :: 3] if seen[name] else shapes
            seen[name] += 1
        for shape in shapes:
            value = repeated(UNITS[shape], limit)
            encoded = urlencode({**form.fields, name: value})
            if len(encoded) > FORM_ROOM:
                encoded = urlencode({**form.fields, name: value[: len(value) // 2]})
            yield replace(base, about=f"{name} {shape}", body=encoded.encode())
    yield replace(base, about="many fields", body=b"&".join(b"f%d=%d" % (n, n) for n in range(90)) + b"&" + urlencode(form.fields).encode())
    yield replace(base, about="too many fields", body=b"a=&" * (FORM_ROOM // 3))
    yield replace(base, about="escapes", body=urlencode(form.fields).encode() + b"&text=" + b"%D0%B0" * ((FORM_ROOM - 5_000) // 6))
