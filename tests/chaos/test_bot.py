"""Updates come shuffled over the whole run, thrice each, on twenty connections, with kills meanwhile: each chat's appeal is filed once."""

import asyncio
import itertools
import os
import random
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from uuid import UUID

import httpx
import pytest

from intake.channels.telegram.service.updates import chat_key
from shared.domain.regions import regions
from shared.ids import derived
from shared.sealing import load_or_create_keys
from suite import process
from suite.verification import verify
from tests.telegram_double import SECRET, Phone, TelegramDouble

UPDATES = int(os.environ.get("ARYZ_BOT_UPDATES", "200"))
CONNECTIONS = 20
TIMES = 3
WEBHOOK = "/intake/v1/channels/telegram/webhook"
HEADER = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
POLL = 0.05


def conversation(phone, pepper):
    """A whole appeal; its buttons are known beforehand, as the draft's id follows from the update that begins it."""
    start, language, send = phone.writes("/start"), phone.presses("l:kk"), phone.writes("1414 нөміріне өтініш жіберу")
    key = chat_key(pepper, phone.chat_id)
    tag = str(derived(UUID(bytes=key[:16]), "draft", send["update_id"]))[:8]
    region = random.Random(phone.chat_id).choice([code for code in regions() if code != "KZ-00"])
    chosen = [phone.presses(f"r:{region}:{tag}"), phone.presses(f"p:n:{tag}"), phone.writes(f"Тестовое обращение {phone.chat_id}")]
    kind = [phone.presses(f"ac::{tag}"), phone.presses(f"k:CONSULTATION:{tag}")]  # no article answers the question
    sent = [phone.presses(f"c:n:{tag}"), phone.presses(f"ok::{tag}"), phone.presses(f"ok::{tag}")]
    return [start, language, send, *chosen, *kind, *sent]


class Deliveries:
    """Telegram's twenty connections: each update is brought until it is acknowledged, as often as `TIMES`."""

    def __init__(self, url, updates):
        self._url = url
        self._left = updates
        self.acknowledged = 0
        self.repeated = 0

    async def all(self):
        async with httpx.AsyncClient(base_url=self._url, headers=HEADER, timeout=20, trust_env=False) as http:
            await asyncio.gather(*(self._one_connection(http) for _ in range(CONNECTIONS)))

    async def _one_connection(self, http):
        while self._left:
            update = self._left.pop()
            while not await self._taken(http, update):
                self.repeated += 1
                await asyncio.sleep(POLL)
            self.acknowledged += 1

    async def _taken(self, http, update):
        try:
            return (await http.post(WEBHOOK, json=update)).is_success
        except httpx.TransportError:
            return False


def _rows(data, query):
    with closing(sqlite3.connect(f"file:{data / 'intake.db'}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def _registered(data):
    return _rows(data, "SELECT number, owner FROM appeal WHERE channel = 'TELEGRAM'")


def _is_at_rest(data):
    """Whether every update was handled, and everything was said."""
    unhandled = _rows(data, "SELECT 1 FROM bot_update WHERE handled_at IS NULL LIMIT 1")
    return not unhandled and not _rows(data, "SELECT 1 FROM bot_message WHERE state = 'WAITING' LIMIT 1")


def _numbers_received(telegram):
    """The numbers that each chat read on a talon."""
    found = defaultdict(set)
    for method, sent in telegram.calls:
        if method == "sendMessage" and "PIN: " in sent["text"]:
            found[sent["chat_id"]].add(sent["text"].split("Нөмірі: ")[1].split()[0])
    return found


async def _kill_and_start(suite, environment):
    port = int(suite.url.rpartition(":")[2])
    await asyncio.to_thread(suite.kill)
    suite.process.stdout.close()
    return await asyncio.to_thread(process.start, suite.data, port=port, environment=environment)


@pytest.mark.chaos
@pytest.mark.timeout(900 + UPDATES // 10)
class TestBot:
    async def test_each_chats_appeal_is_registered_exactly_once_and_confirmed(self, tmp_path):
        ids = itertools.count(1)
        pepper = load_or_create_keys(tmp_path / "keys").pepper
        chats = [conversation(Phone(10_000 + place, ids), pepper) for place in range(UPDATES // 10)]
        deliveries = [update for chat in chats for update in chat] * TIMES
        random.Random(UPDATES).shuffle(deliveries)
        began = time.monotonic()
        with TelegramDouble() as telegram:
            environment = process.UNLIMITED | telegram.environment | {"ARYZ_INTAKE_TELEGRAM_PER_SECOND": "1000"}
            suite = process.start(tmp_path, environment=environment)
            try:
                bringing = Deliveries(suite.url, deliveries)
                delivered = asyncio.create_task(bringing.all())
                while bringing.acknowledged < UPDATES * TIMES // 2:
                    await asyncio.sleep(POLL)
                suite = await _kill_and_start(suite, environment)
                while len(_registered(tmp_path)) < len(chats) // 3:
                    await asyncio.sleep(POLL)
                suite = await _kill_and_start(suite, environment)
                await delivered
                taken = time.monotonic() - began
                while not _is_at_rest(tmp_path):
                    await asyncio.sleep(POLL)
                is_quiet, checks = await verify(tmp_path)
            finally:
                suite.kill()
                suite.process.stdout.close()
            told = _numbers_received(telegram)
        registered = _registered(tmp_path)
        print(f"\n{UPDATES} updates x {TIMES} taken in {taken:.0f} s, all handled and told after {time.monotonic() - began:.0f} s")  # noqa: T201
        assert bringing.repeated, "nobody noticed the kills while updates came in"
        assert (len(registered), len({owner for _, owner in registered})) == (len(chats), len(chats))
        assert sorted(number for one in told.values() for number in one) == sorted(number for number, _ in registered)
        assert {len(numbers) for numbers in told.values()} == {1}
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds} == {}
