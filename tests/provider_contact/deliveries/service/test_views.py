"""What staff and the provider read of the deliveries of an inquiry."""

from datetime import timedelta

from tests.provider_contact.conftest import appeal_id
from tests.provider_contact.deliveries.conftest import SUPPORT
from tests.provider_contact.portal.conftest import Person

DEPARTMENT = "basqarma@densaulyq.example"


async def notified(exchange, mail_server):
    """An inquiry whose mailbox refuses the mail, and of which the health department was notified."""
    await exchange.add_contact("RECEPTION", email=DEPARTMENT, body="HEALTH_DEPARTMENT")
    inquiry_id = await exchange.ask()
    mail_server.refusals[SUPPORT] = "550 no such mailbox"
    async with mail_server.serving():
        await exchange.run(mail_server)
        exchange.world.clock.advance(timedelta(minutes=1))
        await exchange.notify(inquiry_id, "ESCALATION", body="HEALTH_DEPARTMENT")
        await exchange.run(mail_server)
    return inquiry_id


async def contents(world):
    """The deliveries as the desk fetches them: notice, method, recipient, state, attempts and error, in Russian."""
    asked = {"ids": [str(appeal_id(1))], "purpose": "desk-exchange", "on_behalf_of": "clerk-7"}
    headers = world.token("service", subject="routing")
    answer = await world.client.post("/provider-contact/internal/v1/contents", json=asked, headers=headers)
    [item] = answer.json()["items"]
    [inquiry] = item["content"]["inquiries"]
    return [
        tuple(each[name]["ru"] if isinstance(each[name], dict) else each[name] for name in DESK_FIELDS) for each in inquiry["deliveries"]
    ], answer.text


DESK_FIELDS = ("notice", "method", "recipient", "state", "attempts", "error")


class TestTheDesk:
    async def test_it_reads_who_was_notified_how_and_why_an_attempt_failed_and_no_address(self, exchange, mail_server):
        await notified(exchange, mail_server)
        found, text = await contents(exchange.world)
        assert found == [
            ("Запрос", "портал", None, "DELIVERED", 1, None),
            ("Запрос", "электронная почта", "Служба поддержки пациента", "FAILED", 1, "почтовый ящик не принял письмо"),
            ("Запрос", "телефон", "Служба поддержки пациента", "BY_PERSON", 0, None),
            ("Сообщение вышестоящему органу", "портал", None, "DELIVERED", 1, None),
            ("Сообщение вышестоящему органу", "электронная почта", "Управление здравоохранения региона", "DELIVERED", 1, None),
        ]
        assert "@" not in text
        assert "+7701" not in text


class TestThePortal:
    async def test_it_shows_what_went_to_the_organisation_and_nothing_of_the_body_above(self, exchange, mail_server):
        inquiry_id = await notified(exchange, mail_server)
        page = await Person(exchange.world).page(f"/inquiries/{inquiry_id}")
        shown = page[page.index('id="notices-title"') :].split("</section>")[0]
        for text in ("Запрос", "электронная почта · Служба поддержки пациента", "почтовый ящик не принял письмо", "Фонд вам позвонит"):
            assert text in shown
        assert "Управление здравоохранения" not in shown
        assert "@" not in shown

    async def test_the_api_gives_it_the_same(self, exchange, mail_server):
        inquiry_id = await notified(exchange, mail_server)
        own = (await exchange.world.get(f"/v1/inquiries/{inquiry_id}", exchange.headers)).json()["deliveries"]
        staff = (await exchange.world.get(f"/v1/inquiries/{inquiry_id}", exchange.world.token("operator"))).json()["deliveries"]
        assert [each["body"] for each in staff if each not in own] == ["HEALTH_DEPARTMENT"]
        assert len(own) == len(staff) - 1
