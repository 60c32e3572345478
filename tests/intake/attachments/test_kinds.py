import io
import zipfile

import pytest

from intake.attachments import policy
from intake.attachments.kinds import identify
from tests.intake.attachments.samples import EICAR, PDF, SVG, TYPES, docx, flagged_encrypted, odt, package, photograph, picture

RELATIONSHIPS = (
    '<Relationships><Relationship Id="r" Type="http://s.example/officeDocument/2006/relationships/{}" '
    'Target="http://a.example/x" TargetMode="External"/></Relationships>'
)
OUTSIDE, LINK = RELATIONSHIPS.format("attachedTemplate"), RELATIONSHIPS.format("hyperlink")
MACRO_TYPE = TYPES.format("application/vnd.ms-word.document.macroEnabled.main+xml")


def with_lying_size(data):
    """The archive's list says that an entry is shorter than it is."""
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
    ("nothing", b"", policy.Empty),
    ("svg with a script", SVG, policy.ActiveContent),
    ("html", b"<!DOCTYPE html><p>x", policy.ActiveContent),
    ("a shell script", b"#!/bin/sh\nrm -rf /\n", policy.ActiveContent),
    ("a program", b"MZ\x90\0" + bytes(500), policy.TypeNotAllowed),
    ("an old office document", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), policy.TypeNotAllowed),
    ("an animation", b"GIF89a" + bytes(100), policy.TypeNotAllowed),
    ("noise", bytes(range(256)) * 4, policy.TypeNotAllowed),
    ("an archive", package({"a.txt": "x"}), policy.TypeNotAllowed),
    ("pdf behind a picture's head", picture()[:20] + PDF + picture()[20:], policy.Polyglot),
    ("zip behind a picture", picture() + package({"a.txt": "x"}), policy.Polyglot),
    ("zip behind a pdf", PDF + package({"a.txt": "x"}), policy.Polyglot),
    ("data behind a pdf", PDF + b"<script>alert(1)</script>", policy.Polyglot),
    ("words before a pdf", b"Synaq\n" + PDF, policy.Polyglot),
    ("pdf before a docx", PDF + docx(), policy.Polyglot),
    ("data behind a docx", docx() + b"Synaq", policy.Polyglot),
    ("the same entry twice", docx(parts={"WORD__document.xml": "x"}), policy.Polyglot),
    ("a pdf without an end", PDF.replace(b"%%EOF", b""), policy.Broken),
    ("an encrypted pdf", PDF.replace(b"/Root", b"/Encrypt 5 0 R /Root"), policy.Encrypted),
    ("a pdf that runs code", PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>"), policy.ActiveContent),
    ("a pdf that hides that it runs code", PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /J#61vaScript >>"), policy.ActiveContent),
    ("a pdf with a file in it", PDF.replace(b"/Catalog", b"/Catalog /Names << /EmbeddedFiles 7 0 R >>"), policy.ActiveContent),
    ("a bomb of one entry", docx(parts={"word__big.xml": "0" * 5_000_000}), policy.Bomb),
    ("a bomb of many entries", docx(parts={f"word__{n}.xml": "" for n in range(2_100)}), policy.Bomb),
    ("macros", docx(parts={"word__vbaProject.bin": "x"}), policy.Macros),
    ("declared macros", docx(parts={"[Content_Types].xml": MACRO_TYPE}), policy.Macros),
    ("an outside template", docx(parts={"word___rels__settings.xml.rels": OUTSIDE}), policy.ActiveContent),
    ("an embedded object", docx(parts={"word__embeddings__oleObject1.bin": "x"}), policy.ActiveContent),
    ("a way out of the folder", docx(parts={"..__..__x.xml": "x"}), policy.ActiveContent),
    ("an encrypted docx", flagged_encrypted(docx()), policy.Encrypted),
    ("a docx that lies about a size", with_lying_size(docx()), policy.Broken),
    ("an encrypted odt", odt("<manifest:encryption-data/>"), policy.Encrypted),
    ("an odt with macros", odt(**{"Basic/Standard/Module1.xml": "x"}), policy.Macros),
    ("a broken archive", b"PK\x03\x04" + bytes(300), policy.Broken),
]  # fmt: skip


class TestIdentify:
    @pytest.mark.parametrize(("code", "content"), [(code, one) for code, all_of in TAKEN.items() for one in all_of])
    def test_a_file_is_what_its_content_says(self, code, content):
        assert identify(io.BytesIO(content), None).code == code
        assert identify(io.BytesIO(content), policy.kinds()[code]).code == code

    @pytest.mark.parametrize(("content", "refusal"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
    def test_what_is_not_taken_has_a_code(self, content, refusal):
        with pytest.raises(refusal):
            identify(io.BytesIO(content), None)

    @pytest.mark.parametrize(("content", "declared"), [(PDF, "JPEG"), (picture(), "PDF"), (picture("PNG"), "JPEG"), (docx(), "ODT")])
    def test_another_type_than_declared_is_refused(self, content, declared):
        with pytest.raises(policy.TypeMismatch):
            identify(io.BytesIO(content), policy.kinds()[declared])

    def test_a_bomb_of_plain_sizes_is_refused_by_their_sum(self):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("word/document.xml", "<x/>")
            for number in range(130):
                archive.writestr(f"word/{number}.xml", "0123456789" * 100_000)
        with pytest.raises(policy.Bomb):
            identify(target, None)


class TestPolicy:
    @pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/zip", "application/x-msdownload"])
    def test_a_declared_type_that_is_not_taken_is_refused_at_once(self, media_type):
        with pytest.raises(policy.TypeNotAllowed):
            policy.declared_kind(media_type)

    def test_every_refusal_has_its_sentence_and_every_sentence_its_refusal(self):
        codes = {one.code for one in policy.AttachmentRefused.__subclasses__()}
        assert codes == set(policy.policy().refusals)
        problem = policy.Bomb()
        assert problem.extra == {"kk": problem.label.kk, "ru": problem.label.ru, "en": problem.label.en}
