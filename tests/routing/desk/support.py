import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse

from shared.web.session import COOKIE
from tests.routing.support import NOW

CANARY = {"full_name": "Сынақ Өтінуші", "iin": "991231501014", "phone": "+77010000000"}
ANSWER = {
    "language": "ru",
    "text": "Вас примет терапевт 4 февраля.",
    "findings.0.category": "REFUSAL_APPOINTMENT",
    "findings.0.outcome": "JUSTIFIED",
    "findings.0.fact": "В записи отказано без причины.",
    "findings.0.rule": "Договор на оказание медицинских услуг.",
    "next_steps": "Поликлиника позвонит вам сама.",
    "how_to_complain": "В суд в течение трёх месяцев.",
}


@dataclass
class Owners:
    """Doubles of intake and provider-contact: contents by id for a purpose; every request is recorded."""

    texts: dict[UUID, str]
    responses: dict[str, dict] = field(default_factory=dict)
    sent: dict = field(default_factory=dict)
    """What the register adds to the text of every appeal: what is contested, later messages, files."""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    exchange: dict = field(default_factory=dict)
    """What provider-contact returns of every appeal: candidates and inquiries."""
    found: dict[str, list[str]] = field(default_factory=dict)
    """What a lookup of a phone, an IIN, an appeal or a provider's name finds."""
    looked_up: list[dict] = field(default_factory=list)
    down: bool = False
    files: dict[str, tuple[bytes, str, str]] = field(default_factory=dict)
    """By attachment id: bytes, media type and name."""
    withheld: tuple[int, str] = (404, "not-found")
    """What intake answers for any other file."""
    opened: list[dict] = field(default_factory=list)
    opened_at: list[str] = field(default_factory=list)
    """The services that were asked for the files of `opened`."""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/{service}/internal/v1/attachments")
        async def attachment(service: str, asked: dict) -> Response:
            if self.down:
                raise HTTPException(503)
            self.opened.append(asked)
            self.opened_at.append(service)
            if asked["attachment_id"] not in self.files:
                return JSONResponse({"code": self.withheld[1]}, self.withheld[0])
            content, media_type, name = self.files[asked["attachment_id"]]
            return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})

        @app.post("/intake/internal/v1/lookups")
        async def lookups(asked: dict) -> dict:
            if self.down:
                raise HTTPException(503)
            if "same_applicant_as" in asked:
                return {"appeal_ids": self.found.get(asked["same_applicant_as"], [])}
            self.looked_up.append(asked)
            found = self.found.get(asked.get("phone") or asked.get("iin") or asked["provider_name"], [])
            return {"provider_ids" if "provider_name" in asked else "appeal_ids": found}

        @app.post("/{service}/internal/v1/contents")
        async def contents(service: str, asked: dict) -> dict:
            if self.down:
                raise HTTPException(503)
            self.asked.append((service, asked["purpose"], asked.get("on_behalf_of")))
            return {"items": [self._item(service, content_id, asked["purpose"]) for content_id in asked["ids"]]}

        return app

    def _item(self, service: str, content_id: str, purpose: str) -> dict:
        if purpose == "desk-exchange":
            return {"id": content_id, "found": True, "content": self.exchange}
        if service == "provider-contact":
            return {"id": content_id, "found": content_id in self.responses, "content": self.responses.get(content_id)}
        content = {"text": self.texts[UUID(content_id)], **self.sent} if UUID(content_id) in self.texts else None
        if content and purpose in {"desk", "letter", "case-file"}:
            content["applicant"] = CANARY
        return {"id": content_id, "found": content is not None, "content": content}


def message(text: str | None, at: datetime, kind: str = "MESSAGE", **more) -> dict:
    """Return a message of the applicant as intake returns it."""
    usual = {"id": str(uuid4()), "by": "APPLICANT", "damaged": False}
    return usual | {"at": at.isoformat(), "kind": kind, "text": text} | more


def attachment(name: str | None = "рецепт.png", **more) -> dict:
    """Return a file of an appeal as intake returns it."""
    usual = {"attachment_id": str(uuid4()), "message_id": None, "kind": "PNG", "media_type": "image/png", "size": 2048}
    return usual | {"state": "CLEAN", "available": True, "added_at": NOW.isoformat(), "name": name} | more


def session(desk, role: str = "specialist", region: str | None = "KZ-43", **claims) -> dict[str, str]:
    token = desk.foundation.issuer.issue(role, region=region, **claims)
    return {"Cookie": f"{COOKIE}={token}; aryz_lang=en", "Accept": "text/html"}


async def open_desk(desk, path: str = "", who: dict[str, str] | None = None, **params) -> httpx.Response:
    return await desk.client.get(f"/routing/desk{path}", headers=who or session(desk), params=params)


async def send(desk, appeal_id: UUID, action: str, who: dict[str, str] | None = None, **fields) -> httpx.Response:
    """Send a form, with the version that the case has now unless another content_id is given."""
    fields.setdefault("expected_version", str((await desk.case(appeal_id))["version"]))
    return await desk.client.post(f"/routing/desk/{appeal_id}/{action}", headers=who or session(desk), data=fields)


def forms(page: httpx.Response) -> set[str]:
    """Return the actions that the page has forms or buttons for; a note, a draft and ready texts are no actions on the case."""
    return set(re.findall(r'action="/routing/desk/[0-9a-f-]{36}/([a-z-]+)', page.text)) - {"notes", "draft", "texts"}
