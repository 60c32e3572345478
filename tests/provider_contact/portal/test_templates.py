"""Templates of the provider's own: what is refused is named, and a template of another organisation is none."""

from uuid import UUID

from provider_contact.portal.policy import portal_policy
from tests.provider_contact.conftest import OTHER

GIVEN = {"language": "kk", "title": "Жазылды", "body": "№ {{number}}: пациент қабылдауға жазылды."}


class TestTemplates:
    async def test_a_value_that_cannot_be_filled_is_refused_and_the_text_stays(self, manager):
        answer = await manager.post("/templates", **GIVEN | {"body": "{{diagnosis}} бойынша"})
        assert answer.status_code == 422
        assert "{{diagnosis}} бойынша" in answer.text

    async def test_an_empty_one_is_refused(self, manager):
        assert (await manager.post("/templates", language="kk", title="", body="")).status_code == 422

    async def test_there_are_no_more_than_the_policy_allows(self, manager):
        for number in range(portal_policy().own_templates):
            assert (await manager.post("/templates", **GIVEN | {"title": f"Т {number}"})).status_code == 303
        answer = await manager.post("/templates", **GIVEN)
        assert answer.status_code == 409
        assert "сначала удалите один" in answer.text

    async def test_one_is_changed_and_deleted_by_its_organisation_alone(self, person, manager):
        assert (await manager.post("/templates", **GIVEN)).status_code == 303
        page = await manager.page("/templates")
        template_id = next(part.partition('"')[0] for part in page.split('name="template_id" value="')[1:] if part.partition('"')[0])
        other = person("other", provider_id=OTHER)
        await other.get()
        assert (await other.post("/templates", **GIVEN, template_id=template_id)).status_code == 404
        assert (await other.post(f"/templates/{template_id}/delete")).status_code == 404
        assert (await manager.post("/templates", **GIVEN | {"title": "Басқа ат"}, template_id=template_id)).status_code == 303
        assert "Басқа ат" in await manager.page("/templates")
        assert (await manager.post(f"/templates/{template_id}/delete")).status_code == 303
        assert "Басқа ат" not in await manager.page("/templates")
        assert (await manager.post("/templates", **GIVEN, template_id=str(UUID(int=1)))).status_code == 404
