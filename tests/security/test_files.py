"""Attacks by files: code hidden from a text search, unbounded work, and delays for others."""

import asyncio
import io
import time
import zipfile

import pikepdf
import pytest

from shared.files import policy
from shared.files.inspection.identify import inspect
from shared.files.inspection.rejection import Rejected, RejectionReason
from tests.processor_time import processor_time
from tests.shared.files.samples import PDF, TYPES, docx, odt, pdf

LIMITS = policy.policy().limits
KINDS = tuple(policy.kinds())
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SECONDS = 5  # of processor time, on a machine three times slower than ours; the expected time is under a second


def rejection(content):
    try:
        inspect(content, None, KINDS, LIMITS)
    except Rejected as rejected:
        return rejected.reason
    return None


def rels(inner, name="word___rels__document.xml.rels", encoding="utf-8"):
    return docx(parts={name: inner.encode(encoding)})


def relationship(kind, target="http://a.example/x", mode=' TargetMode="External"'):
    return f'<Relationships xmlns="{RELATIONSHIPS}"><Relationship Id="r" Type="{OFFICE}/{kind}" Target="{target}"{mode}/></Relationships>'


def body(inner):
    return docx(parts={"word__document.xml": f'<w:document xmlns:w="{WORD}">{inner}</w:document>'})


def field(*runs):
    """Return a field whose instruction is split into these runs; None: a nested field."""
    inner = "".join(f"<w:r><w:instrText>{run}</w:instrText></w:r>" if run is not None else field("QUOTE 68 68 69") for run in runs)
    return f'<w:r><w:fldChar w:fldCharType="begin"/></w:r>{inner}<w:r><w:fldChar w:fldCharType="end"/></w:r>'


OUTSIDE = relationship("attachedTemplate")
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
LAUGHS = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>'
DTD = '<!DOCTYPE x [<!ENTITY e "External">]>'
WORD_DOCUMENTS = [
    ("an outside template", rels(OUTSIDE), RejectionReason.ACTIVE_CONTENT),
    ("in UTF-16", rels('<?xml version="1.0" encoding="UTF-16"?>' + OUTSIDE, encoding="utf-16"), RejectionReason.ACTIVE_CONTENT),
    (
        "by character references",
        rels(OUTSIDE.replace("Ext", "Ex&#116;").replace("attached", "&#97;ttached")),
        RejectionReason.ACTIVE_CONTENT,
    ),
    (
        "under a prefix",
        rels(OUTSIDE.replace("xmlns=", "xmlns:p=").replace("<R", "<p:R").replace("</R", "</p:R")),
        RejectionReason.ACTIVE_CONTENT,
    ),
    ("in a part with upper-case letters", rels(OUTSIDE, "word___RELS__DOCUMENT.XML.RELS"), RejectionReason.ACTIVE_CONTENT),
    ("with quotes of the other kind", rels(OUTSIDE.replace('"', "'")), RejectionReason.ACTIVE_CONTENT),
    ("with a greater-than sign before it", rels(OUTSIDE.replace("<Relationship ", '<Relationship a=">" ')), RejectionReason.ACTIVE_CONTENT),
    ("by an entity", rels(DTD.replace("x [", "Relationships [") + OUTSIDE.replace("External", "&e;")), RejectionReason.BOMB),
    ("in another encoding", rels('<?xml version="1.0" encoding="cp037"?>' + OUTSIDE, encoding="cp037"), RejectionReason.BROKEN),
    ("an outside picture", rels(relationship("image")), RejectionReason.ACTIVE_CONTENT),
    ("an outside picture without its mode", rels(relationship("image", mode="")), RejectionReason.ACTIVE_CONTENT),
    ("an outside mail merge", rels(relationship("mailMergeSource", "file:///x.odc")), RejectionReason.ACTIVE_CONTENT),
    ("an outside object", rels(relationship("oleObject")), RejectionReason.ACTIVE_CONTENT),
    ("an embedded object by another name", rels(relationship("oleObject", "media/image1.png", "")), RejectionReason.ACTIVE_CONTENT),
    ("a chunk of HTML", rels(relationship("aFChunk", "media/a.png", "")), RejectionReason.ACTIVE_CONTENT),
    ("an ActiveX control", rels(relationship("control", "x.xml", "")), RejectionReason.ACTIVE_CONTENT),
    ("macros by another name", rels(relationship("vbaProject", "media/image1.png", "")), RejectionReason.MACROS),
    (
        "macros by their type",
        docx(parts={"[Content_Types].xml": TYPES.format('<Default ContentType="x/vba&#80;roject"/>')}),
        RejectionReason.MACROS,
    ),
    ("an OLE file as a picture", docx(parts={"word__media__image1.png": OLE + bytes(99)}), RejectionReason.ACTIVE_CONTENT),
    ("a program as a picture", docx(parts={"word__media__image1.png": b"MZ" + bytes(99)}), RejectionReason.ACTIVE_CONTENT),
    ("a link that runs a script", rels(relationship("hyperlink", "java&#10;script:x")), RejectionReason.ACTIVE_CONTENT),
    ("a link to a share", rels(relationship("hyperlink", "file://192.0.2.1/a")), RejectionReason.ACTIVE_CONTENT),
    ("a link to a share, plainly", rels(relationship("hyperlink", "\\\\192.0.2.1\\a")), RejectionReason.ACTIVE_CONTENT),
    ("a link to a program's protocol", rels(relationship("hyperlink", "ms-msdt:/id")), RejectionReason.ACTIVE_CONTENT),
    ("DDE", body(field(" DDEAUTO c:\\x ")), RejectionReason.ACTIVE_CONTENT),
    ("DDE in pieces", body(field("D", "DE", "auto c:\\x")), RejectionReason.ACTIVE_CONTENT),
    ("DDE in one element", body('<w:fldSimple w:instr="DDE c:\\x"/>'), RejectionReason.ACTIVE_CONTENT),
    ("DDE that is computed", body(field(None, " c:\\x")), RejectionReason.ACTIVE_CONTENT),
    ("DDE of which a part is computed", body(field("D", None, "AUTO c:\\x")), RejectionReason.ACTIVE_CONTENT),
    (
        "DDE that never ends",
        body('<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>DDE x</w:instrText></w:r>'),
        RejectionReason.ACTIVE_CONTENT,
    ),
    ("a field that loads a picture", body(field('INCLUDEPICTURE "http://a.example/x"')), RejectionReason.ACTIVE_CONTENT),
    ("a picture by its address", body('<v:imagedata xmlns:v="urn:v" src="http://a.example/x"/>'), RejectionReason.ACTIVE_CONTENT),
    ("a document that is no XML", body("<w:p>"), RejectionReason.BROKEN),
    ("elements inside each other without end", body("<w:p>" * 2000 + "</w:p>" * 2000), RejectionReason.BOMB),
    ("entities that grow", docx(parts={"word__document.xml": LAUGHS}), RejectionReason.BOMB),
]  # fmt: skip

DRAW = 'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:draw="urn:d" xmlns:office="urn:o" xmlns:script="urn:s" xmlns:text="urn:t"'


def content(inner):
    return odt(**{"content.xml": f"<x {DRAW}>{inner}</x>"})


OPEN_DOCUMENTS = [
    ("a script", content('<office:script script:language="x"/>'), RejectionReason.MACROS),
    ("an event that runs a macro", content('<script:event-listener script:event-name="dom:load"/>'), RejectionReason.MACROS),
    ("an outside picture", content('<draw:image xlink:href="http://a.example/x"/>'), RejectionReason.ACTIVE_CONTENT),
    ("an outside picture, by references", content('<draw:image xlink:href="&#104;ttp://a.example/x"/>'), RejectionReason.ACTIVE_CONTENT),
    ("a picture on a share", content('<draw:image xlink:href="//192.0.2.1/x"/>'), RejectionReason.ACTIVE_CONTENT),
    ("a picture beside the document", content('<draw:image xlink:href="../x.png"/>'), RejectionReason.ACTIVE_CONTENT),
    ("a section of another file", content('<text:section-source xlink:href="http://a.example/x"/>'), RejectionReason.ACTIVE_CONTENT),
    ("DDE", content("<text:dde-connection-decl/>"), RejectionReason.ACTIVE_CONTENT),
    ("an object", content('<draw:object-ole xlink:href="./Object 1"/>'), RejectionReason.ACTIVE_CONTENT),
    ("a frame", content('<draw:floating-frame xlink:href="http://a.example"/>'), RejectionReason.ACTIVE_CONTENT),
    ("a link that runs a macro", content('<text:a xlink:href="vnd.sun.star.script:x"/>'), RejectionReason.ACTIVE_CONTENT),
    ("encryption under another prefix", odt('<e:encryption-data xmlns:e="urn:e"/>'), RejectionReason.ENCRYPTED),
]  # fmt: skip


def packed(catalog, *more):
    """Return the document with object streams and compression: none of its names is readable in the file."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(f"/Pages 2 0 R {catalog}", *more))) as document:
        document.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    return target.getvalue()


def encrypted(**passwords):
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as document:
        document.save(target, encryption=pikepdf.Encryption(**passwords))
    return target.getvalue()


ACTIONS = [
    "/S /JavaScript /JS (x)", "/S /J#61vaScript", "/S /Launch /F (x)", "/S /GoToR /F (x)", "/S /GoToE", "/S /ImportData /F (x)",
    "/S /SubmitForm /F (x)", "/S /RichMediaExecute", "/S /Rendition", "/S /Movie", "/S /Thread /F (x)", "/S /URI /URI (javascript:x)",
    "/S /URI /URI <6A6176617363726970743A78>", "/S /URI /URI (file://192.0.2.1/x)", "/S /#4caunch",
]  # fmt: skip
PLACES = [
    "/OpenAction << {} >>", "/AA << /WC << {} >> >>", "/Names << /X [(a) << {} >>] >>", "/X [[[<< /Next [<< {} >>] >>]]]",
]  # fmt: skip
OBJECTS = [
    "<< /Type /Filespec /F (x) >>", "<< /Type /Filespec /EF << /F 3 0 R >> >>", "<< /FS /URL /F (x) >>", "<< /Subtype /FileAttachment >>",
    "<< /Subtype /RichMedia >>", "<< /Subtype /Screen >>", "<< /Subtype /Movie >>", "<< /Subtype /3D >>", "<< /XFA [] >>",
    "<< /Collection << >> >>", "<< /Names << /EmbeddedFiles << >> >> >>", "<< /Names << /JavaScript << >> >> >>",
    "<< /Length 0 /Subtype /PS >>\nstream\n\nendstream", "<< /Length 0 /F (x) >>\nstream\n\nendstream",
    "<< /Length 0 /Type /Embedded#46ile >>\nstream\n\nendstream",
]  # fmt: skip


class TestHiddenCode:
    @pytest.mark.parametrize(("file", "reason"), [one[1:] for one in WORD_DOCUMENTS], ids=[one[0] for one in WORD_DOCUMENTS])
    def test_in_a_word_document(self, file, reason):
        assert rejection(file) == reason

    @pytest.mark.parametrize(("file", "reason"), [one[1:] for one in OPEN_DOCUMENTS], ids=[one[0] for one in OPEN_DOCUMENTS])
    def test_in_an_open_document(self, file, reason):
        assert rejection(file) == reason

    @pytest.mark.parametrize("position", PLACES)
    @pytest.mark.parametrize("action", ACTIONS)
    def test_in_a_pdf(self, position, action):
        assert rejection(pdf(f"/Pages 2 0 R {position.format(action)}")) == RejectionReason.ACTIVE_CONTENT

    @pytest.mark.parametrize("action", ACTIONS)
    def test_in_a_compressed_pdf(self, action):
        file = packed(f"/OpenAction << {action} >>")
        assert b"OpenAction" not in file
        assert rejection(file) == RejectionReason.ACTIVE_CONTENT

    @pytest.mark.parametrize("thing", OBJECTS)
    def test_in_an_object_of_a_pdf_that_nothing_refers_to(self, thing):
        assert rejection(pdf("/Pages 2 0 R", thing)) == RejectionReason.ACTIVE_CONTENT

    @pytest.mark.parametrize("passwords", [{"user": "x", "owner": "y"}, {"owner": "y"}, {"user": "x", "R": 4, "aes": True}])
    def test_in_an_encrypted_pdf(self, passwords):
        assert rejection(encrypted(**passwords)) == RejectionReason.ENCRYPTED

    @pytest.mark.parametrize("file", [b"%PDF-1.4\nnothing\n%%EOF\n", PDF.replace(b"/Root 1 0 R", b""), PDF[:40] + b"\n%%EOF\n"])
    def test_a_file_that_cannot_be_parsed_is_refused(self, file):
        assert rejection(file) == RejectionReason.BROKEN

    def test_in_a_damaged_pdf_which_is_stored_repaired(self):
        damaged = PDF.replace(b"startxref\n", b"startxref\n9")
        code, stored = inspect(damaged, None, KINDS, LIMITS)
        assert code == "PDF"
        with pikepdf.open(io.BytesIO(stored), attempt_recovery=False) as document:
            assert len(document.pages) == 1
        hidden = pdf("/Pages 2 0 R", "<< /S /Launch >>").replace(b"startxref\n", b"startxref\n9")
        assert rejection(hidden) == RejectionReason.ACTIVE_CONTENT


HARMLESS = [
    rels(relationship("hyperlink")),
    rels(relationship("hyperlink", "mailto:synaq@mail.example")),
    rels(relationship("hyperlink", "file:///C:/synaq.docx")),
    rels(relationship("image", "media/image1.png", "")),
    body(field(" HYPERLINK &quot;http://a.example&quot; ") + field(" PAGE ") + field(" IF ", None, " = 1 ")),
    body("<w:p><w:t>DDEAUTO c:\\x is only a text</w:t></w:p>"),
    content('<text:a xlink:href="http://a.example"/><draw:image xlink:href="Pictures/1.png"/><office:scripts/>'),
    pdf("/Pages 2 0 R /OpenAction [3 0 R /Fit]", "<< /S /URI /URI (https://a.example) >>", "<< /S /GoTo /D [3 0 R /Fit] >>"),
    pdf("/Pages 2 0 R", "(/JavaScript)"),
    packed("/Lang (kk)"),
]  # fmt: skip


class TestHarmlessFiles:
    @pytest.mark.parametrize("file", HARMLESS)
    def test_it_is_accepted(self, file):
        assert rejection(file) is None


def stored_docx(**parts):
    """Return a document with uncompressed parts, whose sizes are no bomb."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in {"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>", **parts}.items():
            archive.writestr(name, part)
    return target.getvalue()


SIZE = 16_000_000
COSTLY = {
    "an element that never ends": stored_docx(**{"word/_rels/document.xml.rels": b"<Relationship " * (SIZE // 14)}),
    "elements that never end": stored_docx(**{"word/_rels/document.xml.rels": b"<Relationship a='" * (SIZE // 17)}),
    "one long attribute": stored_docx(**{"word/document.xml": b"<x a='" + b"a" * SIZE + b"'/>"}),
    "one long comment": stored_docx(**{"word/document.xml": b"<x><!--" + b"-" * SIZE}),
    "one long instruction": body(field("x" * 10_000_000)),
    "many attributes": stored_docx(**{"word/document.xml": "<x " + " ".join(f"a{n}='1'" for n in range(100_000)) + "/>"}),
    "a pdf of beginnings": b"%PDF-1.4\n" + b"1 0 obj\n<<" * 100_000 + b"\n%%EOF\n",
    "a pdf of nested arrays": pdf("/Pages 2 0 R /X " + "[" * 200_000),
}


class TestBoundedWork:
    @pytest.mark.parametrize("file", COSTLY.values(), ids=COSTLY.keys())
    def test_a_costly_file_is_decided_in_little_time(self, file):
        with processor_time(time.process_time) as spent:
            rejection(file)
        assert spent.seconds < SECONDS


class TestWaiting:
    async def test_a_small_file_passes_while_costly_files_of_strangers_are_inspected(self, desk):
        slow = stored_docx(**{"word/document.xml": "<x>" + "<y/>" * 4_500_000 + "</x>"})
        told = (await desk.file()).json()
        calls, pin = f"/intake/v1/appeals/{told['number']}/attachments", {"Appeal-Pin": told["pin"]}
        octets = {"Content-Type": "application/octet-stream"}
        pool = desk.app.state.uploads.inspector
        many = [asyncio.create_task(desk.client.post(calls, content=slow, headers=pin | octets)) for _ in range(3)]
        while not pool._in_use:
            await asyncio.sleep(0.01)
        backend = desk.token("channel")  # of another sender: strangers' files take half of the processes at most
        begun = (await desk.client.post("/intake/v1/uploads", json={"length": 5}, headers=backend)).json()
        headers = {"Upload-Token": begun["token"], "Upload-Offset": "0", **octets}
        answer = await desk.client.patch(f"/intake/v1/uploads/{begun['upload_id']}", content=b"hello", headers=headers)
        assert answer.json()["complete"] is True
        assert not any(one.done() for one in many)
        for one in many:
            one.cancel()
        await asyncio.gather(*many, return_exceptions=True)

    async def test_the_inspection_for_a_disconnected_client_is_cancelled(self, desk):
        slow = stored_docx(**{"word/document.xml": "<x>" + "<y/>" * 4_500_000 + "</x>"})
        told = (await desk.file()).json()
        pool = desk.app.state.uploads.inspector
        gone = asyncio.Event()
        body = [{"type": "http.request", "body": slow, "more_body": False}]

        async def receive():
            if body:
                return body.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(_message):
            pass

        path = f"/intake/v1/appeals/{told['number']}/attachments"
        headers = [(b"appeal-pin", told["pin"].encode()), (b"content-type", b"application/octet-stream")]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers, "client": ("192.0.2.9", 1),
            "server": ("aryz.example", 80), "state": {},
        }  # fmt: skip
        request = asyncio.create_task(desk.app(scope, receive, send))
        while not pool._busy:
            await asyncio.sleep(0.01)
        gone.set()
        await request
        assert pool._in_use == 0
        assert not pool._busy
