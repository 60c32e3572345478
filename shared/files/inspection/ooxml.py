"""Checks of Word documents: relationships, content types and fields (ECMA-376 parts 1 and 2)."""

import re
from typing import Final

from shared.files.inspection import links, markup
from shared.files.inspection.rejection import Rejected, RejectionReason

TYPES: Final = "[content_types].xml"
MACRO_TYPES: Final = ("macroenabled", "vbaproject", "vbadata")  # in a content type
ACTIVE_TYPES: Final = ("activex", "oleobject", "application/rtf", "text/html", "application/x-ms", "attachedtoolbars")
# The last segment of a relationship's type, in both name spaces of the standard and in Microsoft's extensions
MACRO_RELATIONSHIPS: Final = frozenset({"vbaproject", "wordvbadata", "vbaprojectsignature", "xlmacrosheet", "xlintlmacrosheet"})
ACTIVE_RELATIONSHIPS: Final = frozenset(
    {
        "afchunk", "attachedtoolbars", "control", "activexcontrolbinary", "externallink", "externallinkpath", "frame",
        "keymapcustomizations", "oleobject", "package", "subdocument", "extensibility", "webextension", "webextensiontaskpanes",
    }
)  # fmt: skip
FOLLOWED: Final = "hyperlink"  # the only relationship that may lead outside: a person clicks it
# Fields that load a file, start a program or run a macro (ECMA-376 part 1, 17.16.5; DDE is Word's own)
ACTIVE_FIELDS: Final = frozenset(
    {"DDE", "DDEAUTO", "DATABASE", "EMBED", "IMPORT", "INCLUDE", "INCLUDEPICTURE", "INCLUDETEXT", "LINK", "MACROBUTTON", "RD"}
)
NAMED_FIELD: Final = re.compile(r"\s*(\S+\s|=)")
FIELD_LIMIT: Final = 64  # characters of a field's instruction that are read: its name comes first
NESTED_FIELDS: Final = 50


class OfficeOpenXml:
    """Checks the parts of a Word document."""

    def check_part(self, name: str, content: bytes) -> None:
        """Raise Rejected for macros, active content and links that load something."""
        if name == TYPES:
            markup.parse(content, _content_type)
        elif name.endswith(".rels"):
            markup.parse(content, _relationship)
        else:
            fields = _Fields()
            markup.parse(content, fields.start, fields.end, fields.text)
            fields.finish()


def _content_type(_name: str, attributes: markup.Attributes) -> None:
    kind = attributes.get("ContentType", "").lower()
    if any(each in kind for each in MACRO_TYPES):
        raise Rejected(RejectionReason.MACROS)
    if any(each in kind for each in ACTIVE_TYPES):
        raise Rejected(RejectionReason.ACTIVE_CONTENT)


def _relationship(name: str, attributes: markup.Attributes) -> None:
    if name != "Relationship":
        return
    kind = attributes.get("Type", "").strip().lower().rpartition("/")[2]
    if kind in MACRO_RELATIONSHIPS:
        raise Rejected(RejectionReason.MACROS)
    if kind in ACTIVE_RELATIONSHIPS:
        raise Rejected(RejectionReason.ACTIVE_CONTENT)
    target = attributes.get("Target", "").strip()
    is_external = attributes.get("TargetMode", "Internal").strip().lower() != "internal" or links.has_scheme(target)
    if is_external and (kind != FOLLOWED or links.is_unsafe(target)):
        raise Rejected(RejectionReason.ACTIVE_CONTENT)


class _Fields:
    """Collects the fields of a part from the runs that they are split into, and checks them."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._is_instruction = False

    def start(self, name: str, attributes: markup.Attributes) -> None:
        if name in {"instrText", "delInstrText"}:
            self._is_instruction = True
        elif name == "fldChar":
            self._character(attributes.get("fldCharType", "").lower())
        elif name == "fldSimple":
            _check_field(attributes.get("instr", ""))
        elif name == "imagedata" and links.is_outside(attributes.get("src", "")):  # VML: a picture by its address, without a relationship
            raise Rejected(RejectionReason.ACTIVE_CONTENT)

    def end(self, name: str) -> None:
        if name in {"instrText", "delInstrText"}:
            self._is_instruction = False

    def finish(self) -> None:
        """Check the fields that never ended."""
        for instruction in self._open:
            _check_field(instruction)

    def text(self, data: str) -> None:
        if self._is_instruction and self._open and len(self._open[-1]) < FIELD_LIMIT:
            self._open[-1] += data[:FIELD_LIMIT]
        elif self._is_instruction and not self._open:
            _check_field(data)

    def _character(self, kind: str) -> None:
        if kind == "begin":
            if self._open and not NAMED_FIELD.match(self._open[-1]):
                raise Rejected(RejectionReason.ACTIVE_CONTENT)  # another field computes the name: no program writes that
            if len(self._open) >= NESTED_FIELDS:
                raise Rejected(RejectionReason.BOMB)
            self._open.append("")
        elif kind == "separate" and self._open:
            _check_field(self._open[-1])
        elif kind == "end" and self._open:
            _check_field(self._open.pop())


def _check_field(instruction: str) -> None:
    name = instruction.strip()[:FIELD_LIMIT].replace('"', " ").split(None, 1)[:1]
    if name and name[0].upper() in ACTIVE_FIELDS:
        raise Rejected(RejectionReason.ACTIVE_CONTENT)
