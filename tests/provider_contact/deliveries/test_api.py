"""The webhook of a provider's own system: its own alone, at a checked address, with a secret shown once."""

from datetime import timedelta
from uuid import UUID

import pytest

from provider_contact.deliveries.models import ProviderWebhook
from provider_contact.deliveries.policy import delivery_policy
from tests.provider_contact.deliveries.conftest import Exchange

PUBLIC = "93.184.215.14"
PATH = "/provider-contact/v1/webhook"


class TestSetting:
    async def test_the_secret_is_shown_when_the_webhook_is_made_and_never_again(self, exchange, system):
        made = (await exchange.call("PUT", json={"url": system.hook})).json()
        assert made["secret"].startswith("whsec_")
        changed = (await exchange.call("PUT", json={"url": f"{system.url}/other"})).json()
        assert (changed["secret"], changed["url"]) == (None, f"{system.url}/other")
        read = (await exchange.call("GET")).json()
        assert (read["url"], read["active"], "secret" in read) == (f"{system.url}/other", True, False)

    async def test_an_address_inside_is_refused_by_name_and_by_what_it_stands_for(self, exchange, stands_for):
        stands_for(["10.0.0.5"])
        for url in ("https://169.254.169.254/x", "https://emhana.kz/hook", "http://emhana.kz/hook"):
            refused = await exchange.call("PUT", json={"url": url})
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "refused-address")
        stands_for([PUBLIC])
        assert (await exchange.call("PUT", json={"url": "https://emhana.kz/hook"})).status_code == 200

    async def test_one_that_moved_inside_later_is_not_called(self, exchange, stands_for):
        stands_for([PUBLIC])
        await exchange.call("PUT", json={"url": "https://emhana.kz/hook"})
        stands_for(["10.0.0.7"])
        await exchange.ask()
        await exchange.steps()
        assert await exchange.webhooks() == 1
        [entry] = (await exchange.call("GET", "/deliveries")).json()["items"]
        assert (entry["last_status"], entry["last_error"]) == (None, "refused-address")

    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test"), ("POST", "/replay")])
    async def test_without_a_webhook_there_is_nothing_to_act_on(self, exchange, method, path):
        given = {"json": {"days": 1}} if path == "/replay" else {}
        assert (await exchange.call(method, path, **given)).status_code == 404

    async def test_a_token_without_a_provider_has_no_webhook(self, world):
        for method in ("GET", "PUT"):
            answer = await world.client.request(method, "/provider-contact/v1/webhook", headers=world.token("provider"), json={"url": "x"})
            assert answer.status_code == 403


class TestOwn:
    async def test_no_provider_reaches_another_s_webhook_or_log(self, exchange, other_exchange, system):
        await exchange.connect(system)
        await exchange.ask()
        await exchange.steps()
        await exchange.webhooks()
        [entry] = (await exchange.call("GET", "/deliveries")).json()["items"]
        assert (await other_exchange.call("GET")).status_code == 404
        assert (await other_exchange.call("GET", "/deliveries")).json() == {"items": [], "total": 0, "next_cursor": None}
        await other_exchange.call("PUT", json={"url": f"{system.url}/other"})
        assert (await other_exchange.call("POST", "/replay", json={"ids": [entry["delivery_id"]]})).json() == {"replayed": 0}
        assert (await other_exchange.call("DELETE")).status_code == 204
        assert (await exchange.call("GET")).json()["active"]

    async def test_the_same_key_of_one_subject_at_two_providers_is_two_requests(self, world, system):
        answers = []
        for provider_id in (UUID(int=501), UUID(int=502)):
            headers = world.token("provider", provider_id=provider_id, subject="it") | {"Idempotency-Key": "k"}
            answers.append(await world.client.put("/provider-contact/v1/webhook", headers=headers, json={"url": system.hook}))
        assert [answer.status_code for answer in answers] == [200, 422]
        assert len(await world.rows(ProviderWebhook)) == 1


class TestSecret:
    async def test_the_former_secret_signs_for_a_day_and_then_no_more(self, exchange, system):
        former = await exchange.connect(system)
        renewed = (await exchange.call("POST", "/secret")).json()
        hours = timedelta(hours=delivery_policy().webhooks.former_secret_hours)
        for secret, advance, accepted in ((former, timedelta(), 1), (renewed["secret"], timedelta(), 2), (former, hours, 2)):
            exchange.world.clock.advance(advance)
            system.set(secret=secret)
            await exchange.call("POST", "/test")
            assert len(system.seen()["effects"]) == accepted
        assert system.seen()["refused"] == 1

    async def test_a_test_says_how_the_system_answered_and_stores_nothing(self, exchange, system):
        await exchange.connect(system)
        answer = (await exchange.call("POST", "/test")).json()
        assert (answer["delivered"], answer["status"], answer["error"]) == (True, 204, None)
        system.set(answers=[500])
        answer = (await exchange.call("POST", "/test")).json()
        assert (answer["delivered"], answer["status"], answer["error"]) == (False, 500, "refused")
        assert (await exchange.call("GET", "/deliveries")).json()["total"] == 0


class TestDeleting:
    async def test_what_waits_goes_by_mail(self, exchange, system, mail_server):
        await exchange.connect(system)
        system.set(answers=[503])
        inquiry_id = await exchange.ask()
        await exchange.steps()
        await exchange.webhooks()
        assert (await exchange.call("DELETE")).status_code == 204
        async with mail_server.serving():
            await exchange.run(mail_server)
        assert [entry[1:3] for entry in await exchange.deliveries(inquiry_id)] == [("WEBHOOK", "DROPPED"), ("EMAIL", "DELIVERED")]


class TestLog:
    async def test_the_log_is_read_page_by_page_newest_first(self, exchange, system):
        await exchange.connect(system)
        for number in range(1, 6):
            await exchange.ask(number)
            await exchange.steps()
            exchange.world.clock.advance(timedelta(minutes=1))
        await exchange.webhooks()
        numbers, cursor = [], None
        while True:
            page = (await exchange.call("GET", "/deliveries", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            assert page["total"] == 5
            numbers += [item["number"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert numbers == [f"2026-43-{number:07d}-0" for number in (5, 4, 3, 2, 1)]

    @pytest.mark.parametrize("wanted", [{}, {"days": 1, "ids": ["01936f5e-7a10-7c3e-9d55-2b6f0f2f9a03"]}, {"days": 31}])
    async def test_a_replay_names_either_days_or_ids(self, exchange, system, wanted):
        await exchange.connect(system)
        assert (await exchange.call("POST", "/replay", json=wanted)).status_code == 422

    async def test_a_replay_is_carried_out_once_for_each_key(self, exchange, system):
        await exchange.connect(system)
        await exchange.ask()
        await exchange.steps()
        await exchange.webhooks()
        answers = []
        for _ in range(2):
            headers = exchange.headers | {"Idempotency-Key": "k"}
            answers.append(await exchange.world.client.post(f"{PATH}/replay", headers=headers, json={"days": 1}))
            await exchange.webhooks()
        assert [answer.json() for answer in answers] == [{"replayed": 1}] * 2
        assert len(system.seen()["calls"]) == 2  # the delivery, and one replay


class TestInquiry:
    async def test_the_inquiry_lists_its_deliveries_for_whoever_sees_it(self, exchange, system):
        await exchange.connect(system)
        inquiry_id = await exchange.ask()
        await exchange.steps()
        await exchange.webhooks()
        for who in (exchange.headers, exchange.world.token("specialist", region="KZ-43", subject="s")):
            read = (await exchange.world.get(f"/v1/inquiries/{inquiry_id}", who)).json()
            assert [(entry["method"], entry["state"], entry["attempts"]) for entry in read["deliveries"]] == [
                ("PORTAL", "DELIVERED", 1),
                ("WEBHOOK", "DELIVERED", 1),
            ]
        other = Exchange(exchange.world, UUID(int=502))
        assert (await exchange.world.get(f"/v1/inquiries/{inquiry_id}", other.headers)).status_code == 404
