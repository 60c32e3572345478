"""Files as people, and those who mean harm, send them; all made here."""

import io
import zipfile

from PIL import Image

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'


def picture(kind="JPEG", size=(40, 30), **saving):
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, **saving)
    return target.getvalue()


def photograph(size=(40, 30)):
    """With a place, a camera's name and turned on its side."""
    exif = Image.Exif()
    exif[0x010F] = "SynaqCamera"
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 8.0, 0.0), 3: "E", 4: (71.0, 25.0, 0.0)})
    return picture(size=size, exif=exif, comment=b"SynaqComment")


def package(entries, **changes):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**entries, **changes}.items():
            archive.writestr(name, content)
    return target.getvalue()


def docx(**extra):
    parts = {"[Content_Types].xml": TYPES.format(""), "word/document.xml": "<document>Synaq</document>"}
    return package(parts | {name.replace("__", "/"): content for name, content in extra.pop("parts", {}).items()}, **extra)


def odt(manifest="<manifest/>", **more):
    return package(
        {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>", "META-INF/manifest.xml": manifest, **more}
    )


def flagged_encrypted(data):
    """The bit that says that an entry is encrypted, set in the archive's list."""
    at = data.index(b"PK\x01\x02") + 8
    return data[:at] + bytes([data[at] | 1]) + data[at + 1 :]
