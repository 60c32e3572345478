"""Appeals that an officer of a provider registers by the API, and the list of them."""

from uuid import uuid4

from intake.channels.counter.models import Reception
from tests.intake.register.test_api import fields, know_provider, problem


def officer(desk, provider_id, subject="officer-1", **claims):
    return desk.token("provider", subject=subject, provider_id=provider_id, **claims)


async def submit(desk, headers, **changes):
    return await desk.file(headers, channel="SPP", **changes)


async def listed(desk, headers, **query):
    answer = await desk.client.get("/intake/v1/receptions", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestAnAppealSubmittedToAProvider:
    async def test_it_is_about_the_officers_organisation_and_received_by_her_on_the_given_day(self, desk):
        provider_id = await know_provider(desk)
        token = officer(desk, provider_id, name="Сынақ Айгүл Маратқызы")
        filed = (await submit(desk, token, region="KZ-00", received_at="2026-01-30T09:15:00Z", language="ru")).json()
        assert filed["received_by"] == {"name": "Сынақ А. М.", "position": "Специалист службы поддержки пациента"}
        assert (filed["received_at"], filed["number"][:7]) == ("2026-01-30T09:15:00Z", "2026-43")
        [row] = await desk.rows(Reception)
        assert row.intake_method == "SPP"

    async def test_another_organisation_or_region_is_refused(self, desk):
        token = officer(desk, await know_provider(desk))
        assert fields(await submit(desk, token, provider={"provider_id": str(uuid4())})) == {("provider", "not-own")}
        assert fields(await submit(desk, token, provider={"name": "23 емхана"})) == {("provider", "not-own")}
        assert fields(await submit(desk, token, region="KZ-75")) == {("region", "not-own")}

    async def test_the_token_must_name_a_known_organisation(self, desk):
        assert problem(await submit(desk, desk.token("provider"))) == (403, "forbidden")
        assert problem(await submit(desk, officer(desk, uuid4()))) == (403, "organisation-not-known")

    async def test_an_officer_has_no_other_channel_and_an_applicant_not_this_one(self, desk):
        token = officer(desk, await know_provider(desk))
        assert problem(await desk.file(token, channel="MAIL")) == (403, "channel-not-allowed")
        assert problem(await submit(desk, desk.token("applicant"))) == (403, "channel-not-allowed")

    async def test_an_officer_does_not_read_the_appeals_she_registered(self, desk):
        token = officer(desk, await know_provider(desk))
        number = (await submit(desk, token)).json()["number"]
        assert (await desk.track(number, headers=token)).status_code == 404


class TestTheList:
    async def test_it_has_number_and_status_of_ones_own_appeals_newest_first(self, desk):
        provider_id = await know_provider(desk)
        hers, another = officer(desk, provider_id), officer(desk, provider_id, "officer-2")
        numbers = [(await submit(desk, hers)).json()["number"] for _ in range(3)]
        await submit(desk, another)
        await desk.file()
        first = await listed(desk, hers, limit=2)
        assert first["items"] == [{"number": number, "status": "REGISTERED"} for number in numbers[:0:-1]]
        rest = await listed(desk, hers, limit=2, cursor=first["next_cursor"])
        assert [one["number"] for one in rest["items"]] == numbers[:1]
        assert (first["total"], rest["next_cursor"]) == (3, None)

    async def test_a_repeat_is_listed_once(self, desk):
        token = officer(desk, await know_provider(desk)) | {"Idempotency-Key": "k"}
        assert (await submit(desk, token)).json() == (await submit(desk, token)).json()
        assert (await listed(desk, token))["total"] == 1

    async def test_it_is_for_counters_and_a_bad_cursor_is_named(self, desk):
        path = "/intake/v1/receptions"
        assert problem(await desk.client.get(path)) == (401, "unauthorized")
        assert problem(await desk.client.get(path, headers=desk.token("applicant"))) == (403, "forbidden")
        assert fields(await desk.client.get(path, headers=desk.token("operator"), params={"cursor": "x"})) == {("cursor", "bad-cursor")}
