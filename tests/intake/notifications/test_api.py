import pytest

from intake.assembly import delivery_methods
from intake.notifications.service.delivery_methods import usable
from intake.settings import Settings
from shared.settings import MissingSetting


async def told(desk, case, headers, **query):
    return await desk.client.get(f"/intake/v1/appeals/{case.number}/notices", params=query, headers=headers)


class TestNoticesOfAnAppeal:
    async def test_staff_who_see_the_case_read_what_was_told_and_never_where_to_in_full(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await case.answered()
        await dispatcher(desk, ways).run_once()
        answer = await told(desk, case, desk.token("specialist", region="KZ-43"))
        assert answer.status_code == 200
        (item,) = answer.json()["items"]
        assert (item["channel"], item["state"], item["address"]) == ("SMS", "SENT", "+7 7•• ••• •• 00")
        assert item["state_label"]["ru"] == "Отправлено"
        assert "7010000000" not in answer.text

    async def test_why_something_did_not_arrive_is_said(self, desk, case_of, ways, dispatcher, down):
        case = await case_of(desk, applicant={"full_name": "Сынақ Азамат", "email": "synaq@mail.example"})
        await case.answered()
        ways.failing["EMAIL"] = down
        await dispatcher(desk, ways).run_once()
        (item,) = (await told(desk, case, desk.token("admin"))).json()["items"]
        assert (item["state"], item["reason"], item["attempts"]) == ("PLANNED", "NO_REPLY", 1)
        assert item["reason_label"]["ru"] == "Служба отправки не отвечает"

    async def test_nobody_else_learns_that_the_number_exists(self, desk, case_of):
        case = await case_of(desk)
        elsewhere = await told(desk, case, desk.token("specialist", region="KZ-75"))
        unknown = await desk.client.get("/intake/v1/appeals/nonsense/notices", headers=desk.token("operator"))
        assert (elsewhere.status_code, unknown.status_code) == (404, 404)
        assert elsewhere.json() == unknown.json()
        assert (await told(desk, case, desk.token("applicant"))).status_code == 403
        assert (await told(desk, case, {"Appeal-Pin": case.pin})).status_code == 401

    async def test_a_long_list_comes_in_pages(self, desk, case_of):
        case = await case_of(desk)
        for _ in range(5):
            await case.inquired()
        headers, seen, cursor = desk.token("operator"), [], {}
        while True:
            page = (await told(desk, case, headers, limit=2, **cursor)).json()
            assert page["total"] == 5
            seen += [one["notice_id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert len(seen) == len(set(seen)) == 5
        assert (await told(desk, case, headers, cursor="WyJhIiwiYiJd")).status_code == 422


class TestWays:
    async def test_a_machine_without_gateways_has_a_folder_and_production_has_none(self, desk):
        local, production = Settings(), Settings(env="production")
        assert set(delivery_methods(desk.parts, local)) == {"EMAIL", "SMS"} == usable(local) - {"LETTER", "CALL"}
        assert set(delivery_methods(desk.parts, production)) == set() == usable(production) - {"LETTER", "CALL"}

    async def test_the_chat_is_a_way_where_the_bot_is_set(self, desk):
        chosen = Settings(telegram_token="1:synthetic")
        assert "TELEGRAM" in delivery_methods(desk.parts, chosen)
        assert "TELEGRAM" in usable(chosen)

    async def test_a_gateway_without_its_secret_is_a_mistake(self, desk):
        with pytest.raises(MissingSetting):
            delivery_methods(desk.parts, Settings(sms_url="https://sms.example"))
