import io
import zipfile

import pytest

from shared.files import errors, policy
from shared.files.inspection.identify import inspect
from shared.files.inspection.rejection import Rejected, RejectionReason
from tests.shared.files.samples import EICAR, PDF, SVG, TYPES, docx, flagged_encrypted, odt, package, pdf, photograph, picture

RELATIONSHIPS = (
    '<Relationships><Relationship Id="r" Type="http://s.example/officeDocument/2006/relationships/{}" '
    'Target="http://a.example/x" TargetMode="External"/></Relationships>'
)
OUTSIDE, LINK = RELATIONSHIPS.format("attachedTemplate"), RELATIONSHIPS.format("hyperlink")
MACRO_TYPE = TYPES.format('<Override PartName="/x" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>')


def with_lying_size(data):
    """Make the archive's list give a shorter size of an entry."""
    at = data.rindex(b"PK\x01\x02") + 24
    return data[:at] + (3).to_bytes(4, "little") + data[at + 4 :]


TAKEN = {
    "JPEG": [picture(), photograph(), photograph() + b"\0trailer that a phone appends"],
    "PNG": [picture("PNG")],
    "WEBP": [picture("WEBP")],
    "PDF": [PDF, PDF + b"\r\n"],
    "DOCX": [docx(), docx(parts={"word__media__image1.png": "x", "word___rels__document.xml.rels": LINK})],
    "ODT": [odt()],
    "TXT": ["Қайырлы күн\n".encode(), "Добрый день\r\n".encode("cp1251"), EICAR, b"a < b & c"],
}
REFUSED = [
    ("nothing", b"", errors.Empty),
    ("svg with a script", SVG, errors.ActiveContent),
    ("html", b"<!DOCTYPE html><p>x", errors.ActiveContent),
    ("a shell script", b"#!/bin/sh\nrm -rf /\n", errors.ActiveContent),
    ("a program", b"MZ\x90\0" + bytes(500), errors.TypeNotAllowed),
    ("an old office document", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), errors.TypeNotAllowed),
    ("an animation", b"GIF89a" + bytes(100), errors.TypeNotAllowed),
    ("rich text", b"{\\rtf1{\\object}}", errors.TypeNotAllowed),
    ("rich text with another beginning", b"{\\rt\\object", errors.ActiveContent),
    ("noise", bytes(range(256)) * 4, errors.TypeNotAllowed),
    ("an archive", package({"a.txt": "x"}), errors.TypeNotAllowed),
    ("pdf behind a picture's head", picture()[:20] + PDF + picture()[20:], errors.Polyglot),
    ("zip behind a picture", picture() + package({"a.txt": "x"}), errors.Polyglot),
    ("zip behind a pdf", PDF + package({"a.txt": "x"}), errors.Polyglot),
    ("data behind a pdf", PDF + b"<script>alert(1)</script>", errors.Polyglot),
    ("words before a pdf", b"Synaq\n" + PDF, errors.Polyglot),
    ("pdf before a docx", PDF + docx(), errors.Polyglot),
    ("data behind a docx", docx() + b"Synaq", errors.Polyglot),
    ("the same entry twice", docx(parts={"WORD__document.xml": "x"}), errors.Polyglot),
    ("a pdf without an end", PDF.replace(b"%%EOF", b""), errors.Broken),
    ("an encrypted pdf", pdf(trailer="/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P 4 >> /ID [(a) (a)]"), errors.Encrypted),
    ("a pdf that runs code", pdf("/Pages 2 0 R /OpenAction << /S /JavaScript >>"), errors.ActiveContent),
    ("a pdf that hides that it runs code", pdf("/Pages 2 0 R /OpenAction << /S /J#61vaScript >>"), errors.ActiveContent),
    ("a pdf with a file in it", pdf("/Pages 2 0 R /Names << /EmbeddedFiles 4 0 R >>", "<< /Names [] >>"), errors.ActiveContent),
    ("a bomb of one entry", docx(parts={"word__big.xml": "0" * 5_000_000}), errors.Bomb),
    ("a bomb of many entries", docx(parts={f"word__{n}.xml": "" for n in range(2_100)}), errors.Bomb),
    ("macros", docx(parts={"word__vbaProject.bin": "x"}), errors.Macros),
    ("declared macros", docx(parts={"[Content_Types].xml": MACRO_TYPE}), errors.Macros),
    ("an outside template", docx(parts={"word___rels__settings.xml.rels": OUTSIDE}), errors.ActiveContent),
    ("an embedded object", docx(parts={"word__embeddings__oleObject1.bin": "x"}), errors.ActiveContent),
    ("a way out of the folder", docx(parts={"..__..__x.xml": "x"}), errors.ActiveContent),
    ("an encrypted docx", flagged_encrypted(docx()), errors.Encrypted),
    ("a docx that lies about a size", with_lying_size(docx()), errors.Broken),
    ("an encrypted odt", odt("<manifest:encryption-data/>"), errors.Encrypted),
    ("an odt with macros", odt(**{"Basic/Standard/Module1.xml": "x"}), errors.Macros),
    ("a broken archive", b"PK\x03\x04" + bytes(300), errors.Broken),
]  # fmt: skip


KINDS = tuple(policy.kinds())
LIMITS = policy.policy().limits


def kind_of(content, declared=None, allowed=KINDS):
    return inspect(content, declared, allowed, LIMITS)[0]


class TestInspect:
    @pytest.mark.parametrize(("code", "content"), [(code, one) for code, all_of in TAKEN.items() for one in all_of])
    def test_the_content_decides_the_kind_of_a_file(self, code, content):
        assert kind_of(content) == code
        assert kind_of(content, code) == code

    @pytest.mark.parametrize(("content", "refusal"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
    def test_a_rejection_has_a_code(self, content, refusal):
        with pytest.raises(Rejected) as rejected:
            kind_of(content)
        assert rejected.value.reason == refusal.code

    @pytest.mark.parametrize(("content", "declared"), [(PDF, "JPEG"), (picture(), "PDF"), (picture("PNG"), "JPEG"), (docx(), "ODT")])
    def test_another_type_than_declared_is_refused(self, content, declared):
        with pytest.raises(Rejected, match=RejectionReason.TYPE_MISMATCH):
            kind_of(content, declared)

    def test_a_kind_that_is_not_allowed_is_refused(self):
        with pytest.raises(Rejected, match=RejectionReason.TYPE_NOT_ALLOWED):
            kind_of(PDF, allowed=("JPEG",))

    def test_a_bomb_of_inconspicuous_sizes_is_refused_by_their_sum(self):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("word/document.xml", "<x/>")
            for number in range(130):
                archive.writestr(f"word/{number}.xml", "0123456789" * 100_000)
        with pytest.raises(Rejected, match=RejectionReason.BOMB):
            kind_of(target.getvalue())

    def test_a_document_is_stored_unchanged_and_a_picture_is_redrawn(self):
        assert inspect(PDF, None, KINDS, LIMITS) == ("PDF", None)
        assert inspect(docx(), None, KINDS, LIMITS) == ("DOCX", None)
        assert inspect(photograph(), None, KINDS, LIMITS)[1].startswith(b"\xff\xd8")
