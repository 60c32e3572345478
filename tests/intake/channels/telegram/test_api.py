import pytest

from intake.channels.telegram.models import BotChat, BotUpdate
from tests.telegram_double import SECRET, Phone

WEBHOOK = "/intake/v1/channels/telegram/webhook"
HEADER = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


class TestWebhook:
    async def test_an_update_is_stored_once_and_sealed(self, bot):
        update = Phone(7_700_123_456).writes("Жүрек ауырады")
        await bot.bring(update, update)
        [row] = await bot.desk.rows(BotUpdate)
        assert row.update_id == update["update_id"]
        stored = await bot.desk.engine.stored(bot.desk.parts.database)
        for word in ("Жүрек", "7700123456", "Сынақ"):
            assert word.encode() not in stored

    @pytest.mark.parametrize("headers", [{}, {HEADER.copy().popitem()[0]: "wrong"}, {HEADER.copy().popitem()[0]: SECRET + "x"}])
    async def test_a_wrong_secret_is_refused_before_anything_is_read(self, bot, headers):
        answer = await bot.desk.client.post(WEBHOOK, content=b"no json", headers=headers)
        assert answer.status_code == 401
        assert await bot.desk.rows(BotUpdate) == []

    async def test_without_a_bot_the_route_is_not_found(self, desk):
        answer = await desk.client.post(WEBHOOK, json=Phone(1).writes("x"), headers=HEADER)
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("sent", "status"),
        [(b"{", 400), (b"[]", 422), (b'{"update_id": "1"}', 422), (b'{"update_id": -1}', 422), (b'{"message": {}}', 422)],
    )
    async def test_an_invalid_update_is_refused_without_an_echo(self, bot, sent, status):
        answer = await bot.desk.client.post(WEBHOOK, content=sent, headers=HEADER | {"Content-Type": "application/json"})
        assert answer.status_code == status
        assert await bot.desk.rows(BotUpdate) == []

    async def test_an_oversized_body_is_refused(self, bot):
        huge = Phone(1).writes("a" * 300_000)
        assert (await bot.desk.client.post(WEBHOOK, json=huge, headers=HEADER)).status_code == 413

    async def test_an_update_of_an_unused_type_is_acknowledged_and_not_stored(self, bot):
        await bot.bring({"update_id": 5, "inline_query": {"id": "1", "from": {"id": 1}, "query": "x", "offset": ""}})
        assert await bot.desk.rows(BotUpdate) == []
        assert await bot.desk.rows(BotChat) == []
