"""Synthetic files: ordinary ones and malicious ones."""

import io
import zipfile

from PIL import Image

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def pdf(catalog="/Pages 2 0 R", *more, trailer=""):
    """Return a document of one page with the given catalog entries and further objects from number 4 on."""
    objects = [f"<< /Type /Catalog {catalog} >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"]
    objects += ["<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>", *more]
    body, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{one}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Root 1 0 R /Size {size} {trailer} >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + end.encode()


PDF = pdf()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'


def picture(kind="JPEG", size=(40, 30), **saving):
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, **saving)
    return target.getvalue()


def photograph(size=(40, 30)):
    """Return a photograph with a position, a camera's name, and turned on its side."""
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


MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{}</manifest:manifest>'


def odt(manifest="", **more):
    entries = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": "<x/>",
        "META-INF/manifest.xml": MANIFEST.format(manifest),
    }
    return package(entries | more)


def flagged_encrypted(data):
    """Set the bit for an encrypted entry in the archive's list."""
    at = data.index(b"PK\x01\x02") + 8
    return data[:at] + bytes([data[at] | 1]) + data[at + 1 :]
