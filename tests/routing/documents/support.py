import io
import json
import re

import pikepdf

from tests.routing.desk.support import ANSWER

FULL_ANSWER = ANSWER | {
    "language": "kk",
    "text": "Әлия дәрігер сізді қабылдайды.\n\nҒимарат: №1, кіреберіс – үшінші.\nІзгі тілекпен #қор $x$ *y*",
}
ORIGIN = "https://aryz.example"
NO_GLYPH = "🙏 谢 1⃣"


def text_of(document: bytes) -> str:
    """Return the text of a PDF as its fonts' Unicode tables give it, without spaces."""
    found = []
    with pikepdf.open(io.BytesIO(document)) as pdf:
        for page in pdf.pages:
            tables = {name: _unicode_of(font) for name, font in page.Resources.Font.items()}
            table = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    table = tables[str(operands[0])]
                elif str(operator) in {"Tj", "TJ"}:
                    shown = operands[0] if str(operator) == "TJ" else [operands[0]]
                    raw = b"".join(bytes(piece) for piece in shown if isinstance(piece, pikepdf.String))
                    found += [table.get(int.from_bytes(raw[at : at + 2], "big"), "") for at in range(0, len(raw), 2)]
    return re.sub(r"\s", "", "".join(found))


def _unicode_of(font) -> dict[int, str]:
    cmap = font.ToUnicode.read_bytes().decode("latin-1")
    pairs = re.findall(r"^<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>$", cmap, re.MULTILINE)
    return {int(code, 16): bytes.fromhex(text).decode("utf-16-be") for code, text in pairs}


async def answer_id_of(desk, appeal_id) -> str:
    facts = [json.loads(value) for fact, value in await desk.emitted() if fact == "answer-given"]
    return [fact["answer_id"] for fact in facts if fact["appeal_id"] == str(appeal_id)][-1]


async def write(desk, appeal_id, /, reader="intake", **changes):
    """Ask for a letter as intake does for the applicant."""
    asked = {
        "appeal_id": str(appeal_id),
        "answer_id": await answer_id_of(desk, appeal_id),
        "purpose": "letter",
        "on_behalf_of": "applicant",
        "addressee": "Сынақ Өтінуші",
        "address": "Қызылорда, Сынақ көшесі, 1",
        "origin": ORIGIN,
    } | changes
    return await desk.client.post("/routing/internal/v1/letters", json=asked, headers=desk.token("service", subject=reader))


async def check(desk, code, **more):
    return await desk.client.post("/routing/v1/letter-checks", json={"code": code} | more)
