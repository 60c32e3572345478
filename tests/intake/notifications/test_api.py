import pytest

from intake.assembly import delivery_methods
from intake.notifications.service.delivery_methods import usable_methods
from intake.settings import Settings
from shared.settings import MissingSetting


async def list_notifications(desk, case, headers, **query):
    return await desk.client.get(f"/intake/v1/appeals/{case.number}/notices", params=query, headers=headers)


class TestNotificationsOfAnAppeal:
    async def test_staff_who_may_see_the_case_read_its_notifications_with_masked_addresses(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await case.answered()
        await dispatcher(desk, senders).run_once()
        answer = await list_notifications(desk, case, desk.token("specialist", region="KZ-43"))
        assert answer.status_code == 200
        (item,) = answer.json()["items"]
        assert (item["channel"], item["state"], item["address"]) == ("SMS", "SENT", "+7 7•• ••• •• 00")
        assert item["state_label"]["ru"] == "Отправлено"
        assert "7010000000" not in answer.text

    async def test_the_reason_of_a_failure_is_shown(self, desk, case_of, senders, dispatcher, down):
        case = await case_of(desk, applicant={"full_name": "Сынақ Азамат", "email": "synaq@mail.example"})
        await case.answered()
        senders.failing["EMAIL"] = down
        await dispatcher(desk, senders).run_once()
        (item,) = (await list_notifications(desk, case, desk.token("admin"))).json()["items"]
        assert (item["state"], item["reason"], item["attempts"]) == ("PLANNED", "NO_REPLY", 1)
        assert item["reason_label"]["ru"] == "Служба отправки не отвечает"

    async def test_nobody_else_learns_that_the_number_exists(self, desk, case_of):
        case = await case_of(desk)
        elsewhere = await list_notifications(desk, case, desk.token("specialist", region="KZ-75"))
        unknown = await desk.client.get("/intake/v1/appeals/nonsense/notices", headers=desk.token("operator"))
        assert (elsewhere.status_code, unknown.status_code) == (404, 404)
        assert elsewhere.json() == unknown.json()
        assert (await list_notifications(desk, case, desk.token("applicant"))).status_code == 403
        assert (await list_notifications(desk, case, {"Appeal-Pin": case.pin})).status_code == 401

    async def test_a_long_list_comes_in_pages(self, desk, case_of):
        case = await case_of(desk)
        for _ in range(5):
            await case.inquired()
        headers, seen, cursor = desk.token("operator"), [], {}
        while True:
            page = (await list_notifications(desk, case, headers, limit=2, **cursor)).json()
            assert page["total"] == 5
            seen += [item["notice_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert len(seen) == len(set(seen)) == 5
        assert (await list_notifications(desk, case, headers, cursor="WyJhIiwiYiJd")).status_code == 422


class TestSenders:
    async def test_a_machine_without_gateways_writes_to_a_folder_and_production_does_not(self, desk):
        local, production = Settings(), Settings(env="production")
        assert set(delivery_methods(desk.parts, local)) == {"EMAIL", "SMS"} == usable_methods(local) - {"LETTER", "CALL"}
        assert set(delivery_methods(desk.parts, production)) == set() == usable_methods(production) - {"LETTER", "CALL"}

    async def test_telegram_is_a_delivery_method_if_the_bot_is_configured(self, desk):
        chosen = Settings(telegram_token="1:synthetic")
        assert "TELEGRAM" in delivery_methods(desk.parts, chosen)
        assert "TELEGRAM" in usable_methods(chosen)

    async def test_a_gateway_without_a_secret_stops_the_start(self, desk):
        with pytest.raises(MissingSetting):
            delivery_methods(desk.parts, Settings(sms_url="https://sms.example"))
