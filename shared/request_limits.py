"""Limits of every request, checked on the request line and the header fields before routing.

The limits are sums of lengths and one pass over the path, so that the check costs microseconds. Every server and every in-process
test applies the same check. `shared.connections` also bounds an unfinished header block on the connection.
"""

import re
from http import HTTPStatus
from typing import Final

from starlette.types import Scope

HEADER_LIMIT: Final = 16_384  # bytes of all names and values together, the usual total of nginx and Tomcat
TARGET_LIMIT: Final = 8_192  # bytes of path and query; RFC 9110 §4.1 asks for at least 8 000
FIELD_LIMIT: Final = 1_024  # bytes of the path and of each header field that `bare` keeps
FIELD_OVERHEAD: Final = 4  # bytes of a header line in addition to name and value: colon, space, CR, LF

# An ingress compares paths as written, the router compares decoded paths. A path that the two read differently is refused: it contains
# an escaped letter, digit or mark that needs no escape (RFC 3986 §2.3), an escaped slash, backslash, semicolon, percent sign or
# control character, a broken escape, an empty or dot segment, a semicolon or a backslash.
_AMBIGUOUS: Final = re.compile(
    rb"%(?:[01][0-9a-f]|2[5def]|3[0-9b]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9aef])|%(?![0-9a-f]{2})|//|;|\\|/\.{1,2}(?:/|\Z)",
    re.IGNORECASE,
)


def refusal_of(scope: Scope, header_limit: int = HEADER_LIMIT) -> int:
    """Return the HTTP status that refuses the request before routing, or 0.

    431: the header fields are longer than `header_limit` bytes. 414: path and query are longer than TARGET_LIMIT. 400: the path
    or the query contains NUL or a non-ASCII byte. 404: an ingress may read the path differently.
    """
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value) + FIELD_OVERHEAD
    if size > header_limit:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    query: bytes = scope["query_string"]
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    if len(raw_path) + len(query) > TARGET_LIMIT:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if b"%00" in query or "\0" in scope["path"] or not query.isascii():
        return HTTPStatus.BAD_REQUEST
    if b"%" in raw_path or b"//" in raw_path or b"/." in raw_path or b";" in raw_path or b"\\" in raw_path:
        return HTTPStatus.NOT_FOUND if _AMBIGUOUS.search(raw_path) else 0  # the search alone costs 3 µs
    return 0


def bare(scope: Scope) -> Scope:
    """Return the request without the parts that may be too long. It is enough to answer the refusal in the reader's form and language."""
    kept = {
        name: value
        for name, value in scope["headers"][:100]
        if name in {b"host", b"accept", b"accept-language"} and len(value) <= FIELD_LIMIT
    }
    return {**scope, "query_string": b"", "path": scope["path"][:FIELD_LIMIT], "headers": list(kept.items())}
