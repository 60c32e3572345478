from datetime import timedelta

from shared.domain.identifiers import RegistrationNumber
from tests.intake.register.test_api import fields

CANARY = "Кездейсоқ-белгі-77"


class TestTrack:
    async def test_wrong_number_wrong_pin_and_nonsense_are_alike(self, desk):
        told = (await desk.file()).json()
        wrong = f"{(int(told['pin']) + 1) % 10**8:08}"
        unknown = RegistrationNumber.format(2026, "43", 9_000_001)
        answers = [
            await desk.track(told["number"], wrong),
            await desk.track(unknown, told["pin"]),
            await desk.track("x", "y"),
            await desk.track(told["number"]),
        ]
        assert {one.status_code for one in answers} == {404}
        assert len({one.content for one in answers}) == 1

    async def test_an_unknown_parameter_is_refused_by_its_name(self, desk):
        receipt = (await desk.file()).json()
        refused = await desk.client.get(
            f"/intake/v1/appeals/{receipt['number']}", params={"pin": receipt["pin"]}, headers={"Appeal-Pin": receipt["pin"]}
        )
        assert fields(refused) == {("pin", "unknown-field")}
        assert receipt["pin"] not in refused.text

    async def test_a_number_may_be_typed_with_spaces_or_without_hyphens(self, desk):
        told = (await desk.file()).json()
        assert (await desk.track(told["number"].replace("-", ""), told["pin"])).status_code == 200
        assert (await desk.track(told["number"].replace("-", "%20"), f"{told['pin'][:4]} {told['pin'][4:]}")).status_code == 200

    async def test_the_applicants_own_token_opens_it_and_anothers_does_not(self, desk):
        told = (await desk.file(desk.token("applicant", subject="a"))).json()
        assert (await desk.track(told["number"], headers=desk.token("applicant", subject="a"))).status_code == 200
        assert (await desk.track(told["number"], headers=desk.token("applicant", subject="b"))).status_code == 404

    async def test_staff_see_what_the_visibility_rule_lets_them(self, desk):
        told = (await desk.file()).json()
        seen = {
            (role, region): (await desk.track(told["number"], headers=desk.token(role, region=region))).status_code
            for role, region in [
                ("specialist", "KZ-43"),
                ("specialist", "KZ-47"),
                ("operator", None),
                ("expert", None),
                ("admin", None),
                ("analyst", None),
                ("service", None),
            ]
        }
        assert list(seen.values()) == [
            200,
            404,
            200,
            404,
            200,
            404,
            403,
        ]  # a service is confined to its internal reads, whatever the number

    async def test_time_held_runs_until_now(self, desk):
        told = (await desk.file()).json()
        desk.clock.advance(timedelta(hours=2))
        assert (await desk.track(told["number"], told["pin"])).json()["time_held"] == [{"holder": "FUND_TIER1", "seconds": 7200}]

    async def test_the_words_come_back_to_the_applicant_alone_and_the_identity_to_nobody(self, desk):
        registered = (await desk.file()).json()
        own = (await desk.track(registered["number"], registered["pin"])).text
        staff = (await desk.track(registered["number"], headers=desk.token("expert"))).text
        assert "Жүрек" in own
        assert "Жүрек" not in staff
        assert "991231501014" not in own + staff
