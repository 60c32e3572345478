"""Lookups of appeals by phone or IIN for the desk."""

import pytest

from intake.register.models import ContentRead

APPLICANT = {"full_name": "Сынақ Өтінуші", "iin": "991231501014", "phone": "+77010000000"}


async def look_up(desk, reader="routing", **asked):
    wanted = {"purpose": "desk-search", "on_behalf_of": "clerk-1"} | asked
    return await desk.client.post("/intake/internal/v1/lookups", json=wanted, headers=desk.token("service", subject=reader))


async def filed(desk, **applicant):
    return (await desk.file(applicant=APPLICANT | applicant)).json()["appeal_id"]


class TestAppeals:
    @pytest.mark.parametrize(("field", "value"), [("phone", "+77010000000"), ("iin", "991231501014")])
    async def test_every_appeal_of_a_person_is_found_and_no_other(self, desk, field, value):
        own = {await filed(desk), await filed(desk)}
        await filed(desk, phone="+77010000001", iin="991231501024")
        await desk.file(applicant={})
        found = (await look_up(desk, **{field: value})).json()
        assert (set(found["appeal_ids"]), found["provider_ids"]) == (own, [])

    async def test_the_other_appeals_of_an_applicant_are_found_by_phone_or_iin_and_recorded(self, desk):
        key = await filed(desk)
        own = {await filed(desk, iin="991231501024"), await filed(desk, phone="+77010000001")}
        await filed(desk, phone="+77010000002", iin="991231501034")
        unknown = (await desk.file(applicant={})).json()["appeal_id"]
        found = (await look_up(desk, purpose="desk-related", same_applicant_as=key)).json()
        assert set(found["appeal_ids"]) == own
        (read,) = await desk.rows(ContentRead)
        assert (read.on_behalf_of, read.purpose, set(read.ids), read.appeal_id) == ("clerk-1", "desk-related", own, None)
        assert (await look_up(desk, same_applicant_as=unknown)).json()["appeal_ids"] == []

    async def test_a_part_of_a_number_finds_nothing(self, desk):
        await filed(desk)
        for asked in ({"phone": "+7701000000"}, {"iin": "99123150101"}):
            assert (await look_up(desk, **asked)).json()["appeal_ids"] == []

    async def test_the_audit_log_has_the_clerk_and_what_was_found_but_not_what_was_asked(self, desk):
        key = await filed(desk)
        await look_up(desk, phone="+77010000000")
        (read,) = await desk.rows(ContentRead)
        assert (read.reader, read.on_behalf_of, read.purpose, read.ids) == ("routing", "clerk-1", "desk-search", [key])

    async def test_a_lookup_that_finds_nothing_is_recorded_too(self, desk):
        await look_up(desk, iin="991231501014")
        (read,) = await desk.rows(ContentRead)
        assert read.ids == []

    async def test_only_routing_looks_up_and_only_for_a_person(self, desk):
        assert (await look_up(desk, reader="analytics", phone="+77010000000")).status_code == 403
        for wrong in ({"on_behalf_of": None}, {"purpose": "curiosity"}, {}, {"iin": "991231501014"}):
            refused = await look_up(desk, **({"phone": "+77010000000"} | wrong if wrong else {}))
            assert refused.status_code == 422
            assert "7010000000" not in refused.text
        assert await desk.rows(ContentRead) == []

    async def test_an_iin_is_stored_as_a_keyed_hash_alone(self, desk):
        await filed(desk)
        assert b"991231501014" not in await desk.engine.stored(desk.parts.database)
