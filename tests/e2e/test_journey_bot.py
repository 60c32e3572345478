"""By Telegram: a question asked in the bot, answered at the desk; read, confirmed and rated in the same chat."""

import itertools
import json
import random
from uuid import uuid4

import httpx
import pytest

from suite import process
from suite.processes import FRONT, Processes
from suite.tokens import issue
from tests.patience import LONG_PATIENCE, PATIENCE
from tests.patience import wait_until as eventually
from tests.telegram_double import SECRET, Phone, TelegramDouble, buttons

WEBHOOK = "/intake/v1/channels/telegram/webhook"
HEADER = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
TEXT = "Мәртебемді қайдан білемін?"
ANSWER = "Сақтандырылу мәртебесін Qoldau 24/7 қосымшасынан көре аласыз."
SETTLED = {"ARYZ_INTAKE_TELEGRAM_SETTLE_MS": "50", "ARYZ_INTAKE_QUIET_HOURS": "false"}


class Chat:
    """A person's Telegram, the desk, and one running system between them."""

    def __init__(self, http, data, telegram):
        self.http = http
        self.data = data
        self.telegram = telegram
        self.phone = Phone(7_700_100_200, itertools.count(random.randrange(10**6)))

    def bring(self, update):
        for _ in range(2):
            assert self.http.post(WEBHOOK, json=update, headers=HEADER).status_code == 200

    def hears(self, text):
        """The latest message with these words."""

        def matching():
            return [each for each in self.telegram.messages_to(self.phone.chat_id) if text in each["text"]]

        return self.telegram.wait_for(matching, LONG_PATIENCE)[-1]

    def presses(self, message, label):
        self.bring(self.phone.presses(dict(buttons(message))[label]))

    def desk(self, path, body=None):
        headers = {"Authorization": f"Bearer {issue(self.data, 'operator')}"}
        return self.http.get(path, headers=headers) if body is None else self.http.post(path, json=body, headers=headers)


@pytest.fixture(scope="module")
def telegram():
    with TelegramDouble() as double:
        yield double


@pytest.fixture(scope="module", params=["one-machine", "engines"])
def chat(request, telegram, tmp_path_factory):
    folder, given = tmp_path_factory.mktemp("bot"), process.UNLIMITED | telegram.environment | SETTLED
    if request.param == "one-machine":
        with (
            process.running(folder, environment=given) as suite,
            httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
        ):
            yield Chat(http, suite.data, telegram)
        return
    kafka, postgres = request.getfixturevalue("kafka"), request.getfixturevalue("postgres")
    given |= {"ARYZ_KAFKA_BOOTSTRAP": kafka.bootstrap, "ARYZ_DATABASE_URL": postgres.url, "ARYZ_PREFIX": f"bot_{uuid4().hex[:8]}"}
    with Processes(folder, environment=given, front_port=random.randrange(12_000, 19_000)) as running:
        url = running.process(FRONT, "front").url
        with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as http:
            yield Chat(http, running.data, telegram)


def _answered_at_the_desk(chat, appeal_id):
    path = f"/routing/v1/cases/{appeal_id}"
    eventually(lambda: chat.desk(path).is_success, patience=LONG_PATIENCE)
    for action, fields in (("claim", {}), ("answer", {"language": "kk", "text": ANSWER, "next_steps": "–", "how_to_complain": "–"})):
        version = chat.desk(path).json()["version"]
        answer = chat.desk(f"{path}/actions/{action}", {"expected_version": version, **fields})
        assert answer.is_success, answer.text


@pytest.mark.timeout(900)
class TestJourney:
    def test_a_question_is_asked_answered_confirmed_and_rated_in_the_chat(self, chat):
        chat.telegram.calls.clear()
        chat.bring(chat.phone.writes("/start"))
        chat.presses(chat.hears("Тілді таңдаңыз"), "Қазақша")
        chat.hears("шетелде")
        chat.bring(chat.phone.writes("Сақтандырылу мәртебесі"))
        chat.presses(chat.hears("ЖСН қажет"), "Осы туралы сұрақ қою")
        chat.presses(chat.hears("Өңірді таңдаңыз"), "Келесі бет »")
        chat.presses(chat.hears("2/2 бет"), "Шымкент қаласы")
        chat.presses(chat.hears("ұйымның атауын"), "Ұйымға қатысы жоқ")
        chat.hears("Не болғанын")
        chat.bring(chat.phone.writes(TEXT))
        chat.presses(chat.hears("сұрағыңыздың жауабы осында"), "Жалғастыру")
        chat.presses(chat.hears("88-бабы"), "Атымсыз жіберу")
        chat.presses(chat.hears("Жіберейік пе?"), "Жіберу")
        told = chat.hears("Өтінішіңіз тіркелді")["text"]
        number, pin = told.split("Нөмірі: ")[1].split()[0], told.split("PIN: ")[1][:8]
        chat.bring(chat.phone.writes("Өтініш тарихы"))
        [(label, _)] = buttons(chat.hears("Өтініштеріңіз"))
        assert label.startswith(number)

        def status():
            return chat.http.get(f"/intake/v1/appeals/{number}", headers={"Appeal-Pin": pin}).json()["status"]

        [_, data] = buttons(chat.hears("Өтініштеріңіз"))[0]
        _answered_at_the_desk(chat, data.partition(":")[2])

        eventually(lambda: status() == "ANSWERED", patience=LONG_PATIENCE)
        notice = eventually(lambda: _with_buttons(chat, number), patience=LONG_PATIENCE)  # it comes by itself
        chat.presses(notice, "Жауапты оқу")
        answer = chat.hears(ANSWER)
        assert [label for label, _ in buttons(answer)] == ["✔ Шешілді", "✘ Шешілмеді"]
        chat.presses(answer, "✔ Шешілді")
        chat.presses(chat.hears("Жұмысымызды бағалаңыз"), "5")
        chat.hears("Бағаңызға рақмет")
        assert all(TEXT not in json.dumps(each) for _, each in chat.telegram.calls if "Жіберейік" not in each.get("text", ""))


def _with_buttons(chat, number):
    """The notice about the appeal that offers its answer."""
    for each in reversed(chat.telegram.messages_to(chat.phone.chat_id)):
        if number in each["text"] and "Жауапты оқу" in dict(buttons(each)):
            return each
    return None
