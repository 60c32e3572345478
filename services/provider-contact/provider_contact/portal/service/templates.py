"""Answer templates: those of the product and those of the provider, filled for an inquiry."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from provider_contact.accounts.schemas import AccountView
from provider_contact.portal import repository
from provider_contact.portal.codes import TemplateValue
from provider_contact.portal.errors import TooManyTemplates
from provider_contact.portal.models import OwnTemplate
from provider_contact.portal.policy import VALUE, answer_templates, portal_policy, unknown_values
from provider_contact.portal.schemas import TemplateIn, TemplateView
from shared.errors import InvalidInput, NotFound
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

TABLE = "own_template"


async def own_templates(work: UnitOfWork, account: AccountView) -> list[TemplateView]:
    """Return the templates of the person's provider, oldest first."""
    return [_view(each, work.sealer) for each in await repository.templates(work.session, account.provider_id)]


def product_templates(language: str) -> list[TemplateView]:
    """Return the templates of the product in a language of answers."""
    texts = [entry.in_(language) for entry in answer_templates()]
    return [TemplateView(None, "kk" if language == "kk" else "ru", text.title, text.body) for text in texts]


def filled(templates: Sequence[TemplateView], values: Mapping[TemplateValue, str]) -> list[TemplateView]:
    """Return the templates with their values filled in; one whose value is not known is left out."""
    given = {name.value: text for name, text in values.items()}
    found = []
    for each in templates:
        if set(VALUE.findall(each.body)) <= given.keys():
            body = VALUE.sub(lambda match: given[match[1]], each.body)
            found.append(TemplateView(each.template_id, each.language, each.title, body))
    return found


async def save_template(work: UnitOfWork, account: AccountView, template_id: UUID | None, given: TemplateIn) -> UUID:
    """Add a template for all colleagues, or change one. Return its id.

    Raises InvalidInput for a value that cannot be filled, NotFound, TooManyTemplates.
    """
    if unknown := unknown_values(given.body):
        raise InvalidInput.field("body", "unknown-value", f"These values are not known: {len(unknown)}.")
    stored = await _stored(work, account, template_id)
    stored.language = given.language
    stored.title = work.sealer.seal(TABLE, stored.template_id, "title", given.title.encode())
    stored.body = work.sealer.seal(TABLE, stored.template_id, "body", given.body.encode())
    stored.written_by, stored.saved_at = account.account_id, work.clock.now()
    work.session.add(stored)
    return stored.template_id


async def _stored(work: UnitOfWork, account: AccountView, template_id: UUID | None) -> OwnTemplate:
    """Return the stored template, or a new one. Raises NotFound, TooManyTemplates."""
    if template_id is not None:
        found = await repository.template(work.session, account.provider_id, template_id)
        if found is None:
            raise NotFound
        return found
    if len(await repository.templates(work.session, account.provider_id)) >= portal_policy().own_templates:
        raise TooManyTemplates
    return OwnTemplate(
        template_id=work.ids.new(),
        provider_id=account.provider_id,
        language="kk",
        title=b"",
        body=b"",
        written_by=account.account_id,
        saved_at=work.clock.now(),
    )


async def delete_template(work: UnitOfWork, account: AccountView, template_id: UUID) -> None:
    """Delete a template of the person's provider. Raises NotFound."""
    if not await repository.delete_template(work.session, account.provider_id, template_id):
        raise NotFound


def _view(stored: OwnTemplate, sealer: Sealer) -> TemplateView:
    title = sealer.open(TABLE, stored.template_id, "title", stored.title).decode()
    body = sealer.open(TABLE, stored.template_id, "body", stored.body).decode()
    return TemplateView(stored.template_id, stored.language, title, body)
