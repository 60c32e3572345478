from uuid import UUID

from provider_contact.accounts.service.sign_in import account_of
from provider_contact.checks.codes import CheckStatus, CheckSubject
from provider_contact.checks.models import OutcomeCheck
from provider_contact.deliveries.codes import ProviderMailKind
from provider_contact.deliveries.jobs import begin_steps
from provider_contact.deliveries.service.provider_mails import plan_mail
from provider_contact.directory.codes import Sheet
from provider_contact.directory.service import imports
from provider_contact.portal.schemas import TemplateIn
from provider_contact.portal.service.drafts import save_draft
from provider_contact.portal.service.templates import save_template
from shared.auth import Principal
from shared.contracts import InquirySent
from tests.provider_contact.conftest import NOW, add_contact, appeal_id, registered, routed, sheet
from tests.provider_contact.outcomes import promised, proposed
from tests.stored_protection import check_stored_rows, sealed_tables

ADMIN = Principal("keeper", "test", frozenset({"admin"}))
ANSWER = {"expected_version": 1, "language": "kk", "code": "RESOLVED", "text": "Пациент қабылданды."}


async def test_each_table_with_ciphertext_holds_a_sealed_value(listed):
    [provider, *_] = (await listed.providers()).values()
    await listed.consume(registered(1, provider_id=provider))
    await listed.consume(routed(1))
    [sent] = await listed.emitted(InquirySent)
    who = listed.token("provider", provider_id=provider) | {"Idempotency-Key": "k"}
    answer = await listed.post(f"/v1/inquiries/{sent.inquiry_id}/actions/respond", who, ANSWER)
    assert answer.status_code == 200, answer.text
    returned = {"expected_version": 2, "reason": "UNCLEAR", "text": "Қай күні?"}
    clerk = listed.token("specialist", region="KZ-43")
    answer = await listed.post(f"/v1/inquiries/{sent.inquiry_id}/actions/return", clerk, returned)
    assert answer.status_code == 200, answer.text
    await proposed(listed, 2)
    await promised(listed, 3)
    await add_check(listed)
    await add_contact(listed, 1, provider_id=provider)
    await listed.load({"name_ru": "Другая поликлиника"})
    await draft_of_import(listed)
    while await begin_steps(listed.parts):
        pass
    system = listed.token("provider", provider_id=UUID(int=9))
    answer = await listed.client.put("/provider-contact/v1/webhook", headers=system, json={"url": "http://127.0.0.1:9/hook"})
    assert answer.status_code == 200, answer.text
    await add_work_of_a_person(listed, provider, sent.inquiry_id)
    upload = f"/provider-contact/v1/inquiries/{sent.inquiry_id}/files"
    named = {"Content-Type": "text/plain", "Content-Disposition": "attachment; filename=journal.txt"}
    file = await listed.client.post(upload, content=b"Register", headers=listed.token("provider", provider_id=provider) | named)
    assert file.status_code == 201, file.text
    async with listed.parts.units.write() as work:
        await plan_mail(work, ProviderMailKind.INVITATION, provider, "ainur@emhana.example", {"inviter": "Сынақ"})
    seen = await check_stored_rows("provider-contact", listed.parts.database)
    assert sealed_tables("provider-contact") - {table for table, _ in seen} == set()


async def add_check(world) -> None:
    check_id = UUID(int=77)
    async with world.parts.units.write() as work:
        work.session.add(
            OutcomeCheck(
                check_id=check_id,
                about=CheckSubject.WITHDRAWAL,
                proposal_id=None,
                appeal_id=appeal_id(1),
                provider_id=None,
                reason="SOLVED",
                stated_at=NOW,
                per_mille=1000,
                status=CheckStatus.VERIFIED,
                attempts=1,
                call_from=NOW,
                text=work.sealer.seal("outcome_check", check_id, "text", "Өзі қайтарып алды.".encode()),
            )
        )


async def add_work_of_a_person(world, provider_id, inquiry_id) -> None:
    """A person of the provider signs in, types an answer and stores a template."""
    officer = Principal("officer", "test", frozenset({"provider"}), provider_id=provider_id, name="Сынақ Маман")
    account = await account_of(world.parts.units, officer)
    async with world.parts.units.write() as work:
        await save_draft(work, account, inquiry_id, {"text": "Пациент қабылданды."}, None)
        await save_template(work, account, None, TemplateIn(language="kk", title="Қабылдау", body="Пациент қабылданды."))


async def draft_of_import(world) -> None:
    document = sheet({}).encode()
    async with world.parts.units.write() as work:
        await imports.draft_import(work, Sheet.PROVIDERS, imports.read_import(Sheet.PROVIDERS, document), document, ADMIN)
