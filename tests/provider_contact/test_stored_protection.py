from shared.contracts import InquirySent
from tests.provider_contact.conftest import registered, routed
from tests.stored_protection import check_stored_rows, sealed_tables

ANSWER = {"expected_version": 1, "language": "kk", "code": "RESOLVED", "text": "Пациент қабылданды."}


async def test_each_table_with_ciphertext_holds_a_sealed_value(listed):
    [provider, *_] = (await listed.providers()).values()
    await listed.consume(registered(1, provider_id=provider))
    await listed.consume(routed(1))
    [sent] = await listed.emitted(InquirySent)
    who = listed.token("provider", provider_id=provider) | {"Idempotency-Key": "k"}
    answer = await listed.post(f"/v1/inquiries/{sent.inquiry_id}/actions/respond", who, ANSWER)
    assert answer.status_code == 200, answer.text
    seen = await check_stored_rows("provider-contact", listed.parts.database)
    assert sealed_tables("provider-contact") - {table for table, _ in seen} == set()
