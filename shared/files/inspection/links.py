"""Checks of the links in documents: where they lead, and whether following them is unsafe."""

import re
from typing import Final

SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)  # RFC 3986, 3.1
BLANKS: Final = re.compile(r"[\x00-\x20\u200b\u00a0\ufeff]+")  # browsers and office programs skip them inside a scheme
# Schemes that run code, or start a program with the link as its argument
UNSAFE: Final = re.compile(
    r"(javascript|vbscript|livescript|data|blob|mhtml|mk|shell|search|search-ms|jar|macro|vnd\.sun\.star\.[a-z]+|ms-.*)"
)


def has_scheme(target: str) -> bool:
    """Return whether the target is an absolute address, not a part of the same document."""
    return SCHEME.match(BLANKS.sub("", target[:200])) is not None


def is_outside(target: str) -> bool:
    """Return whether the target is not a part of the same package: absolute, on another machine, or above the package's root."""
    bare = BLANKS.sub("", target[:200]).replace("\\", "/")
    return SCHEME.match(bare) is not None or bare.startswith(("//", "../"))


def is_unsafe(target: str) -> bool:
    """Return whether following the link does more than open a page, a message or a file of the reader's own machine."""
    bare = BLANKS.sub("", target[:200])
    if bare.replace("\\", "/").startswith("//"):
        return True  # another machine's share: opening it sends the reader's credentials
    scheme = SCHEME.match(bare)
    if scheme is None:
        return False
    name, rest = scheme[1].lower(), bare[scheme.end() :].replace("\\", "/")
    if name == "file":
        return rest.startswith("//") and not rest.startswith(("///", "//localhost/"))
    return UNSAFE.fullmatch(name) is not None
