"""Whoever has no account of the organisation gets the same page at every address of the portal, and changes nothing."""

from uuid import UUID

import pytest

from tests.provider_contact.conftest import PROVIDER, sent_inquiry

ID = UUID(int=77)
READ = ["", f"/inquiries/{ID}", f"/inquiries/{ID}/respond", "/statements", "/templates", "/figures", "/colleagues"]
WRITTEN = [
    f"/inquiries/{ID}/draft", f"/inquiries/{ID}/assign", f"/inquiries/{ID}/respond", "/templates", f"/templates/{ID}/delete",
    "/colleagues", f"/colleagues/{ID}/renew", f"/colleagues/{ID}/role",
]  # fmt: skip

MISSING = [f"/colleagues/{ID}/praise", f"/colleagues/{ID}/role", f"/inquiries/{ID}/praise", f"/templates/{ID}/delete"]


@pytest.fixture
async def stranger(person, manager):
    assert manager
    return person("stranger")


class TestStranger:
    @pytest.mark.parametrize("path", READ)
    async def test_no_page_is_shown(self, stranger, path):
        answer = await stranger.get(path)
        assert "Вас ещё нет среди коллег" in answer.text

    @pytest.mark.parametrize("path", WRITTEN)
    async def test_no_form_is_taken(self, stranger, manager, path):
        assert (await stranger.post(path, name="Сынақ", text="Мәтін", expected_version=1)).status_code == 403
        assert "stranger" not in await manager.page("/colleagues")

    @pytest.mark.parametrize("path", WRITTEN)
    async def test_a_token_that_names_no_organisation_opens_no_form(self, person, path):
        answer = await person("nobody", provider_id=None).post(path, name="Сынақ", text="Мәтін", expected_version=1)
        assert "не указана организация" in answer.text


class TestWrongAddresses:
    @pytest.mark.parametrize(
        "path", [f"/colleagues/{ID}/praise", f"/colleagues/{ID}/role", f"/inquiries/{ID}/praise", f"/templates/{ID}/delete"]
    )
    async def test_what_is_not_there_is_not_found(self, manager, path):
        assert (await manager.post(path, role="NONE", expected_version=1)).status_code == 404

    async def test_the_target_of_a_form_leads_back_to_the_inquiry_in_the_language_that_was_chosen(self, manager):
        answer = await manager.get(f"/inquiries/{ID}/respond", lang="kk")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/provider-contact/portal/inquiries/{ID}?lang=kk")
        assert (await manager.get(f"/inquiries/{ID}/praise")).status_code == 404

    async def test_an_inquiry_is_not_assigned_to_who_is_no_colleague(self, world, manager):
        inquiry = await sent_inquiry(world, provider_id=PROVIDER)
        answer = await manager.post(f"/inquiries/{inquiry}/assign", account_id=str(ID))
        assert answer.status_code == 404
