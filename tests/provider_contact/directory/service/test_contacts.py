from datetime import timedelta
from uuid import UUID

import pytest

from provider_contact.directory.codes import ContactRole
from provider_contact.directory.service import body_contacts, contacts_of, with_role
from tests.provider_contact.conftest import NOW, add_contact

TODAY = NOW.date()


@pytest.fixture
async def polyclinic(listed) -> UUID:
    return (await listed.providers())["КГП на ПХВ «Городская поликлиника №5»"]


async def of(world, provider_id):
    async with world.parts.units.read() as work:
        return await contacts_of(work, provider_id)


class TestContactsOf:
    async def test_the_mailbox_of_the_funds_list_is_the_reception(self, listed, polyclinic):
        (contact,) = await of(listed, polyclinic)
        assert (contact.role, contact.email, contact.phone) == (ContactRole.RECEPTION, "tirkeu@emhana5.example", "+77010000000")

    async def test_contacts_are_in_the_order_of_roles_and_the_newest_of_a_role_is_first(self, listed, polyclinic):
        await add_contact(listed, 1, ContactRole.HEAD_PHYSICIAN, provider_id=polyclinic)
        await add_contact(listed, 2, provider_id=polyclinic, since=TODAY - timedelta(days=30))
        await add_contact(listed, 3, provider_id=polyclinic)
        found = await of(listed, polyclinic)
        roles = [ContactRole.PATIENT_SUPPORT, ContactRole.PATIENT_SUPPORT, ContactRole.HEAD_PHYSICIAN, ContactRole.RECEPTION]
        assert [contact.role for contact in found] == roles
        assert [contact.email for contact in found[:2]] == ["n3@emhana5.example", "n2@emhana5.example"]

    async def test_only_what_is_valid_today_is_returned(self, listed, polyclinic):
        await add_contact(listed, 1, provider_id=polyclinic, since=TODAY + timedelta(days=1))
        await add_contact(listed, 2, provider_id=polyclinic, since=TODAY - timedelta(days=9), until=TODAY - timedelta(days=1))
        assert [contact.role for contact in await of(listed, polyclinic)] == [ContactRole.RECEPTION]
        listed.clock.advance(timedelta(days=1))
        assert (await of(listed, polyclinic))[0].email == "n1@emhana5.example"

    async def test_another_providers_contacts_are_not_among_them(self, listed, polyclinic):
        await add_contact(listed, 1, provider_id=UUID(int=7))
        assert len(await of(listed, polyclinic)) == 1

    async def test_an_unknown_provider_has_none(self, listed):
        assert await of(listed, UUID(int=9)) == []


class TestBodyContacts:
    async def test_a_region_has_its_own(self, listed):
        await add_contact(listed, 1, ContactRole.RECEPTION, body="HEALTH_DEPARTMENT", region="KZ-43")
        async with listed.parts.units.read() as work:
            (contact,) = await body_contacts(work, "HEALTH_DEPARTMENT", "KZ-43")
            assert contact.email == "n1@emhana5.example"
            assert await body_contacts(work, "HEALTH_DEPARTMENT", "KZ-75") == []
            assert await body_contacts(work, "MEDICAL_CONTROL", "KZ-43") == []


class TestWithRole:
    async def test_the_first_role_that_has_a_contact_decides(self, listed, polyclinic):
        await add_contact(listed, 1, ContactRole.HEAD_PHYSICIAN, provider_id=polyclinic)
        found = await of(listed, polyclinic)
        assert [contact.role for contact in with_role(found, ContactRole.PATIENT_SUPPORT, ContactRole.RECEPTION)] == ["RECEPTION"]
        assert [contact.role for contact in with_role(found, ContactRole.HEAD_PHYSICIAN, ContactRole.RECEPTION)] == ["HEAD_PHYSICIAN"]
        assert with_role(found, ContactRole.COMPLIANCE) == []
