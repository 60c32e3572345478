"""An intake with a bot and a double of Telegram. Tests decide when updates are handled and messages sent."""

from datetime import timedelta

import pytest

from intake.channels.telegram.dependencies import conversation_worker
from intake.channels.telegram.service.client import TelegramClient, event_of
from intake.channels.telegram.service.sender import MessageSender
from tests.intake.channels.telegram.person import Person
from tests.telegram_double import SECRET, TOKEN, Phone, TelegramDouble, buttons

WEBHOOK = "/intake/v1/channels/telegram/webhook"
HEADER = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


class Bot:
    def __init__(self, desk, telegram):
        self.desk = desk
        self.telegram = telegram
        self.settings = desk.parts.settings
        self.client = TelegramClient.connect(TOKEN, telegram.url)
        self.conversations = conversation_worker(desk.app.state.intake, event_of)
        self.sender = MessageSender(desk.parts, self.settings, self.client)

    async def bring(self, *updates, headers=HEADER):
        for each in updates:
            answer = await self.desk.client.post(WEBHOOK, json=each, headers=headers)
            assert answer.status_code == 200, answer.text

    async def handle(self):
        self.desk.clock.advance(timedelta(milliseconds=self.settings.telegram_settle_ms))
        while await self.conversations.run_once():
            pass

    async def send(self):
        """Send until no message waits; the clock advances past every pause."""
        for _ in range(100):
            if not await self.sender.run_once():
                self.desk.clock.advance(timedelta(seconds=1))
                if not await self.sender.run_once():
                    return

    async def replies_to(self, *updates):
        """Deliver updates one after another, handling each. Return the messages that the bot sent."""
        before = len(self.telegram.calls)
        for each in updates:
            await self.bring(each)
            await self.handle()
            await self.send()
        return [message for method, message in self.telegram.calls[before:] if method == "sendMessage"]

    async def press(self, phone, label):
        """Press the latest button with a label in the chat. Return the replies."""
        for message in reversed(self.telegram.messages_to(phone.chat_id)):
            for text, data in buttons(message):
                if text == label:
                    return await self.replies_to(phone.presses(data))
        raise AssertionError(label)


@pytest.fixture
def telegram():
    with TelegramDouble() as double:
        yield double


@pytest.fixture
async def bot(start, tmp_path, telegram):
    async with start(tmp_path, telegram_token=TOKEN, telegram_secret=SECRET, telegram_api_url=telegram.url) as desk:
        running = Bot(desk, telegram)
        yield running
        await running.client.close()


@pytest.fixture
def person():
    return Person()


@pytest.fixture
def phone():
    return Phone(501)
