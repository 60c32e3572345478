"""A citizen who complains about a medical organisation in the Telegram bot, and answers what the bot asks."""

import itertools
import random

from shared.domain.taxonomy import taxonomy
from tests.patience import LONG_PATIENCE
from tests.telegram_double import SECRET, Phone, buttons


class BotCitizen:
    """The citizen's side of the bot. `http` reaches the suite; `telegram` is the stand-in of Telegram's server."""

    def __init__(self, http, telegram):
        self.http, self.telegram = http, telegram
        self.phone = Phone(random.randrange(7_700_000_000, 7_800_000_000), itertools.count(random.randrange(10**6)))
        self.number = self.pin = ""

    def bring(self, update):
        header = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        assert self.http.post("/intake/v1/channels/telegram/webhook", json=update, headers=header).status_code == 200

    def hears(self, text):
        def matching():
            return [each for each in self.telegram.messages_to(self.phone.chat_id) if text in each["text"]]

        return self.telegram.wait_for(matching, LONG_PATIENCE)[-1]

    def presses(self, message, label):
        self.bring(self.phone.presses(dict(buttons(message))[label]))

    def complain(self, text):
        """File a complaint about the provider of the directory without a name, and remember its number and PIN."""
        self.bring(self.phone.writes("/start"))
        self.presses(self.hears("Тілді таңдаңыз"), "Қазақша")
        self.hears("шетелде")
        self.bring(self.phone.writes("1414 нөміріне өтініш жіберу"))
        self.presses(self.hears("Өңірді таңдаңыз"), "Келесі бет »")
        self.presses(self.hears("2/2 бет"), "Қызылорда облысы")
        self.hears("ұйымның атауын")
        self.bring(self.phone.writes("сынак емханасы"))
        self.hears("Не болғанын")
        self.bring(self.phone.writes(text))
        self.presses(self.hears("Бұл қандай өтініш?"), taxonomy().kinds["COMPLAINT"].label.kk)
        self.presses(self.hears("88-бабы"), "Атымсыз жіберу")
        self.presses(self.hears("медициналық ұйымға беруге келісемін"), "Келіспеймін")
        self.presses(self.hears("Жіберейік пе?"), "Жіберу")
        receipt = self.hears("Өтінішіңіз тіркелді")["text"]
        self.number, self.pin = receipt.split("Нөмірі: ")[1].split()[0], receipt.split("PIN: ")[1][:8]
