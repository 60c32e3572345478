"""Telegram's server, stood in for: a Bot API of its own on a free port, which remembers what the bot says and refuses when it is told to.

`TelegramDouble` is the server; `Phone` is a person's Telegram: it makes updates as the Bot API documents them, and reads what came.
"""

import asyncio
import itertools
import json
import random
import socket
import threading
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from tests.patience import PATIENCE

TOKEN = "42:" + "TEST" * 8
SECRET = "a-secret_of-the-Webhook"
BOT = {"id": 42, "is_bot": True, "first_name": "Aryz", "username": "aryz_test_bot"}
DATE = 1_770_000_000


class TelegramDouble:
    """`with TelegramDouble() as telegram:` serves at `telegram.url` from a thread of its own."""

    def __init__(self):
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """(method, parameters) of every call that was taken, in order."""
        self.refusals: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        """By chat id: answers that are given next in place of success, as (status, further fields)."""
        self.waiting: list[dict[str, Any]] = []
        """Updates that `getUpdates` gives."""
        self.offsets: list[int | None] = []
        self._ids = itertools.count(1)
        self._arrived = threading.Condition()
        self._server = uvicorn.Server(uvicorn.Config(self._app(), log_level="critical", lifespan="off", ws="none"))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    @property
    def environment(self):
        return {
            "ARYZ_INTAKE_TELEGRAM_TOKEN": TOKEN,
            "ARYZ_INTAKE_TELEGRAM_SECRET": SECRET,
            "ARYZ_INTAKE_TELEGRAM_API_URL": self.url,
        }

    def refuse(self, chat_id, status, **parameters):
        """The next message to the chat is answered so: 429 with `retry_after`, 403, 500 …"""
        self.refusals.setdefault(str(chat_id), []).append((status, {"parameters": parameters} if parameters else {}))

    def messages_to(self, chat_id) -> list[dict[str, Any]]:
        """Messages to a chat, in the order in which they were taken."""
        return [sent for method, sent in self.calls if method == "sendMessage" and sent["chat_id"] == str(chat_id)]

    def wait_for(self, condition, patience=PATIENCE):
        """Return the first true result of `condition()`, which is evaluated after every call."""
        with self._arrived:
            assert self._arrived.wait_for(condition, patience), "the bot did not say it in time"
            return condition()

    def _app(self):
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

        @app.post("/bot{token}/{method}")
        async def call(token: str, method: str, request: Request) -> JSONResponse:
            async with request.form() as form:
                sent = dict(form)
            if token != TOKEN:
                return _problem(401)
            refusals = self.refusals.get(str(sent.get("chat_id")))
            if refusals:
                return _problem(*refusals.pop(0))
            if method == "getUpdates":
                return await self._updates(sent)
            with self._arrived:
                self.calls.append((method, sent))
                self._arrived.notify_all()
            return JSONResponse({"ok": True, "result": self._result(method, sent)})

        return app

    async def _updates(self, sent):
        offset = int(sent["offset"]) if "offset" in sent else None
        self.offsets.append(offset)
        found = [each for each in self.waiting if offset is None or each["update_id"] >= offset]
        if not found:
            await asyncio.sleep(0.01)
        return JSONResponse({"ok": True, "result": found})

    def _result(self, method, sent):
        if method == "getMe":
            return BOT
        if method in {"sendMessage", "editMessageText"}:
            chat = {"id": int(sent["chat_id"]), "type": "private"}
            return {"message_id": next(self._ids), "date": DATE, "chat": chat, "from": BOT, "text": sent["text"]}
        return True


def _problem(status, fields=None):
    return JSONResponse({"ok": False, "error_code": status, "description": f"refused with {status}", **(fields or {})}, status)


@dataclass
class Phone:
    """A person with Telegram; `ids` are shared by all who write to one bot, as update ids are."""

    chat_id: int
    ids: Any = field(default_factory=lambda: itertools.count(1000))
    _messages: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def chat(self):
        return {"id": self.chat_id, "type": "private", "first_name": "Сынақ"}

    @property
    def me(self):
        return {"id": self.chat_id, "is_bot": False, "first_name": "Сынақ", "language_code": "kk"}

    def writes(self, text):
        return self._message(text=text)

    def edits(self, update, text):
        changed = {**update["message"], "edit_date": DATE + 1, "text": text}
        return {"update_id": next(self.ids), "edited_message": changed}

    def presses(self, data):
        message = {"message_id": next(self._messages), "date": DATE, "chat": self.chat, "from": BOT, "text": "…"}
        pressed = {"id": str(random.getrandbits(60)), "from": self.me, "chat_instance": "1", "data": data, "message": message}
        return {"update_id": next(self.ids), "callback_query": pressed}

    def shares(self, number, *, of=None):
        return self._message(contact={"phone_number": number, "first_name": "Сынақ", "user_id": of or self.chat_id})

    def sends_voice(self):
        return self._message(voice={"file_id": "v", "file_unique_id": "v", "duration": 3})

    def sends_photo(self, caption="анализ", **more):
        size = {"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}
        return self._message(photo=[size], **({"caption": caption} if caption else {}), **more)

    def sends_album(self, pictures, group="13579"):
        return [self.sends_photo(caption=None, media_group_id=group) for _ in range(pictures)]

    def speaks_in_a_group(self, text="/start"):
        return self._message(text=text, chat={"id": -self.chat_id, "type": "supergroup", "title": "Топ"})

    def blocks(self):
        return self._membership("member", "kicked")

    def comes_back(self):
        return self._membership("kicked", "member")

    def _message(self, **content):
        given = {"message_id": next(self._messages), "date": DATE, "chat": self.chat, "from": self.me}
        return {"update_id": next(self.ids), "message": given | content}

    def _membership(self, before, after):
        def member(status):
            return {"user": BOT, "status": status} | ({"until_date": 0} if status == "kicked" else {})

        change = {"chat": self.chat, "from": self.me, "date": DATE, "old_chat_member": member(before), "new_chat_member": member(after)}
        return {"update_id": next(self.ids), "my_chat_member": change}


def buttons(message):
    """Labels and data of the buttons under a message, in order."""
    markup = json.loads(message.get("reply_markup", "{}"))
    return [(each["text"], each["callback_data"]) for row in markup.get("inline_keyboard", []) for each in row]


def keys(message):
    """What stands on the keyboard that a message brings."""
    return [each["text"] for row in json.loads(message.get("reply_markup", "{}")).get("keyboard", []) for each in row]
