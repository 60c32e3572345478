"""Numbers that partners give their appeals."""

import asyncio

from intake.channels.partner.models import ExternalNumber
from intake.register.models import Appeal
from tests.intake.conftest import appeal


class TestExternalNumber:
    async def test_a_second_appeal_under_it_is_refused_with_the_number_of_the_first(self, partner):
        filed = await partner.file(external_number="ЖТ-7")
        again = await partner.post("/appeals", **appeal(external_number="ЖТ-7", text="Басқа мәтін"))
        assert (again.status_code, again.json()["code"], again.json()["number"]) == (409, "external-number-known", filed["number"])
        assert len(await partner.desk.rows(Appeal)) == 1

    async def test_each_partner_has_its_own(self, partner, another):
        first, second = await partner.file(external_number="ЖТ-7"), await another("other-department").file(external_number="ЖТ-7")
        assert first["number"] != second["number"]

    async def test_a_repeated_request_gets_the_same_answer(self, partner):
        headers = {**partner.headers, "Idempotency-Key": "once"}
        first = await partner.desk.file(headers, external_number="ЖТ-8")
        again = await partner.desk.file(headers, external_number="ЖТ-8")
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"

    async def test_a_number_of_a_request_that_was_refused_stays_free(self, partner):
        headers = {**partner.headers, "Idempotency-Key": "twice"}
        await partner.desk.file(headers, external_number="ЖТ-8")
        reused = await partner.desk.file(headers, external_number="ЖТ-9")
        assert reused.json()["code"] == "idempotency-key-reused"
        await partner.file(external_number="ЖТ-9")
        strange = await partner.post(
            "/appeals", **appeal(external_number="ЖТ-10", provider={"provider_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12})
        )
        assert strange.status_code == 422
        await partner.file(external_number="ЖТ-10")

    async def test_of_concurrent_requests_one_is_registered(self, partner):
        answers = await asyncio.gather(*(partner.post("/appeals", **appeal(external_number="ЖТ-11", text=f"{n}")) for n in range(8)))
        assert sorted(one.status_code for one in answers) == [201] + [409] * 7
        assert len(await partner.desk.rows(ExternalNumber)) == len(await partner.desk.rows(Appeal)) == 1

    async def test_only_a_partner_may_give_one(self, another):
        for role in ("applicant", "operator", "channel"):
            answer = await another("someone", role).post("/appeals", **appeal(external_number="ЖТ-7"))
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not-allowed")


class TestLimit:
    async def test_a_partner_over_the_rate_limit_gets_the_time_to_retry(self, start, tmp_path):
        async with start(tmp_path, partner_per_minute=3) as desk:
            headers = desk.token("partner", subject="health-department")
            for _ in range(3):
                assert (await desk.client.get("/intake/v1/updates", headers=headers)).status_code == 200
            refused = await desk.file(headers)
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "20")
            assert (await desk.client.get("/intake/v1/updates", headers=desk.token("partner", subject="other"))).status_code == 200
            assert (await desk.file(desk.token("operator"))).status_code == 201
