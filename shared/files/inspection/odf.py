"""Checks of OpenDocument texts: scripts, objects, links and encryption (ODF 1.3 parts 2 and 3)."""

from typing import Final

from shared.files.inspection import links, markup
from shared.files.inspection.rejection import Rejected, RejectionReason

MANIFEST: Final = "meta-inf/manifest.xml"
MACROS: Final = frozenset({"script", "event-listener", "event-listeners", "library", "libraries", "module"})  # 3.12 and 14.4 of part 3
ACTIVE: Final = frozenset(
    {
        "applet", "auto-reload", "connection-resource", "database-display", "dde-connection", "dde-connection-decl", "dde-link",
        "dde-source", "floating-frame", "object", "object-ole", "plugin", "sound",
    }
)  # fmt: skip
FOLLOWED: Final = frozenset({"a", "area-rectangle", "area-circle", "area-polygon"})  # a person clicks them
NAMED: Final = frozenset({"template"})  # the template of the document: it is only named (4.3.2.14 of part 3)
ACTIVE_TYPES: Final = ("oleobject", "x-javascript", "text/html", "sun.star.basic")


class OpenDocument:
    """Checks the parts of an OpenDocument text."""

    def check_part(self, name: str, content: bytes) -> None:
        """Raise Rejected for macros, active content, encryption and links that load something."""
        markup.parse(content, _manifest_entry if name == MANIFEST else _element)


def _manifest_entry(name: str, attributes: markup.Attributes) -> None:
    if name in {"encryption-data", "encrypted-key"}:
        raise Rejected(RejectionReason.ENCRYPTED)
    kind = attributes.get("media-type", "").lower()
    if any(each in kind for each in ACTIVE_TYPES):
        raise Rejected(RejectionReason.ACTIVE_CONTENT)


def _element(name: str, attributes: markup.Attributes) -> None:
    if name in MACROS:
        raise Rejected(RejectionReason.MACROS)
    if name in ACTIVE:
        raise Rejected(RejectionReason.ACTIVE_CONTENT)
    target = attributes.get("href")
    if target is None or name in NAMED:
        return
    if links.is_unsafe(target) or (name not in FOLLOWED and links.is_outside(target)):
        raise Rejected(RejectionReason.ACTIVE_CONTENT)
