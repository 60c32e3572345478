"""Protected appeals in the register: the applicant follows them as ever, and of the staff only readers of protected cases open them."""

from uuid import UUID

import pytest

from intake.register.models import Tracking
from tests.intake.register.test_handlers import apply, corrected, filed, routed

READERS = [("expert", None), ("admin", None), ("head", "KZ-00"), ("supervisor", "KZ-00")]
OTHERS = [("operator", None), ("operator", "KZ-43"), ("specialist", "KZ-43"), ("supervisor", "KZ-43"), ("head", "KZ-43")]


async def protected(desk, protection="SENSITIVE"):
    appeal_id, number, pin = await filed(desk)
    await apply(desk, routed(appeal_id, tier=3).model_copy(update={"protection": protection}))
    return appeal_id, number, pin


async def opens(desk, number, role, region):
    claims = {} if region is None else {"region": region}
    track = await desk.track(number, headers=desk.token(role, **claims))
    notices = await desk.client.get(f"/intake/v1/appeals/{number}/notifications", headers=desk.token(role, **claims))
    return track.status_code, notices.status_code


@pytest.mark.parametrize(("role", "region"), READERS)
async def test_readers_of_protected_cases_open_it(desk, role, region):
    _, number, _ = await protected(desk)
    assert (await opens(desk, number, role, region))[0] == 200


@pytest.mark.parametrize(("role", "region"), OTHERS)
async def test_for_all_others_it_does_not_exist(desk, role, region):
    _, number, _ = await protected(desk)
    found = await opens(desk, number, role, region)
    assert found == await opens(desk, "2026-43-9999999-9", role, region)
    assert found[0] == 404


async def test_the_applicant_reads_it_as_ever(desk):
    _, number, pin = await protected(desk)
    assert (await desk.track(number, pin)).status_code == 200


async def test_a_correction_opens_it_again_and_one_of_an_earlier_version_changes_nothing(desk):
    appeal_id, number, _ = await protected(desk)
    await apply(desk, corrected(appeal_id))
    assert (await opens(desk, number, "head", "KZ-43"))[0] == 404
    await apply(desk, corrected(appeal_id).model_copy(update={"protection": "OPEN"}))
    assert (await opens(desk, number, "head", "KZ-43"))[0] == 200


async def test_a_declared_category_protects_from_the_first_moment(desk):
    filed_now = (await desk.file(kind="COMPLAINT", category="EXTORTION")).json()
    async with desk.parts.database.read() as session:
        tracking = await session.get(Tracking, UUID(filed_now["appeal_id"]))
    assert tracking.protection == "SENSITIVE"
    assert (await opens(desk, filed_now["number"], "specialist", "KZ-43"))[0] == 404
