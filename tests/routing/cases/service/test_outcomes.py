import json

import pytest
from sqlalchemy import update

from routing.cases.models import Answer
from tests.routing.cases.service.test_actions import GOOD, rows


@pytest.fixture
def specialist(desk):
    return desk.token("specialist", region="KZ-43", subject="aigul")


CLERKS_CHOICES = [
    ("close", {}, "outcome"),
    ("answer-and-close", GOOD, "outcome"),
    ("answer", GOOD, "findings.0.outcome"),
    ("answer-and-close", GOOD | {"outcome": "JUSTIFIED"}, "findings.0.outcome"),
    ("answer-and-close", GOOD | {"hold_seconds": 30, "outcome": "JUSTIFIED"}, "findings.0.outcome"),
]


class TestOutcomesOfTheApplicant:
    @pytest.mark.parametrize("outcome", ["RESOLVED_ON_SPOT", "WITHDRAWN"])
    @pytest.mark.parametrize(("action", "fields", "field"), CLERKS_CHOICES)
    async def test_no_clerk_chooses_an_outcome_that_only_the_applicant_brings_about(self, desk, specialist, action, fields, field, outcome):
        appeal_id = await desk.open()
        if action == "close":
            await desk.carry_out(appeal_id, "answer", specialist, **GOOD)
        before = await desk.case(appeal_id)
        chosen = {"outcome": outcome} if field == "outcome" else {"findings": [GOOD["findings"][0] | {"outcome": outcome}]}
        refused = await desk.carry_out(appeal_id, action, specialist, **(fields | chosen))
        assert refused.status_code == 422
        assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, "applicants-outcome")]
        assert await desk.case(appeal_id) == before

    async def test_none_is_offered_and_every_action_that_records_an_outcome_is_tried_here(self, desk, specialist):
        appeal_id = await desk.open()
        offers = (await desk.case(appeal_id, specialist))["next_actions"]
        offers += (await desk.carry_out(appeal_id, "answer", specialist, **GOOD)).json()["next_actions"]
        options = {
            offer["action"]: set(field["options"])
            for offer in offers
            for field in offer["fields"]
            if "JUSTIFIED" in (field["options"] or ())
        }
        assert options.keys() == {*(action for action, *_ in CLERKS_CHOICES), "set-finding"}
        assert not set().union(*options.values()) & {"RESOLVED_ON_SPOT", "WITHDRAWN", "ON_SPOT_OR_WITHDRAWN_UNSPLIT"}

    async def test_a_stored_answer_of_the_time_before_stays_readable(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "answer", specialist, **GOOD)
        (answer,) = await rows(desk, Answer)
        content = {name: GOOD[name] for name in ("text", "next_steps", "how_to_complain")}
        content["findings"] = [GOOD["findings"][0] | {"outcome": "RESOLVED_ON_SPOT"}]
        sealed = desk.parts.sealer.seal("answer", answer.answer_id, "content", json.dumps(content).encode())
        async with desk.parts.database.write() as session:
            await session.execute(update(Answer).values(content=sealed))
        assert (await desk.case(appeal_id))["answer"]["findings"] == content["findings"]
