import pytest

from shared.budget import Budget
from tests.routing.support import COMPLAINT


class TestClassifications:
    async def test_staff_and_channels_may_ask_what_a_text_is_about(self, desk):
        for role in ("operator", "channel"):
            answer = await desk.client.post("/routing/v1/classifications", json={"text": COMPLAINT}, headers=desk.token(role))
            found = answer.json()
            assert (found["kind"], found["category"], found["tier"], found["urgent"]) == ("COMPLAINT", "REFUSAL_APPOINTMENT", 2, False)
            assert {"start", "end", "term", "code"} == found["evidence"][0].keys()
        assert "емханада".encode() not in await desk.engine.stored(desk.parts.database)

    async def test_evidence_is_placed_in_the_text_as_it_was_sent(self, desk):
        text = "\ufeff  Ребёнок не ды\u00adшит, врача нет"
        answer = await desk.client.post("/routing/v1/classifications", json={"text": text}, headers=desk.token("operator"))
        assert answer.json()["urgent"]
        assert "не ды\u00adшит" in {text[each["start"] : each["end"]] for each in answer.json()["evidence"]}

    async def test_one_principal_has_a_limit_that_people_do_not_reach(self, desk):
        desk.app.state.classifications = Budget(2, desk.clock)
        codes = [
            (await desk.client.post("/routing/v1/classifications", json={"text": COMPLAINT}, headers=desk.token("operator"))).status_code
            for _ in range(3)
        ]
        assert codes == [200, 200, 429]

    @pytest.mark.parametrize(("role", "status"), [(None, 401), ("applicant", 403), ("provider", 403), ("service", 403)])
    async def test_other_roles_are_refused(self, desk, role, status):
        headers = desk.token(role) if role else {}
        assert (await desk.client.post("/routing/v1/classifications", json={"text": COMPLAINT}, headers=headers)).status_code == status

    async def test_the_role_is_checked_before_the_body(self, desk):
        for path in ("/routing/v1/classifications", "/routing/internal/v1/contents"):
            assert (await desk.client.post(path, content=b"{")).status_code == 401
            assert (await desk.client.post(path, content=b"{", headers=desk.token("applicant"))).status_code == 403
