import json
from datetime import date

import pytest

from intake.channels.phone import policy
from intake.channels.phone.service.insurance import FileInsuranceRegister
from shared import policy_files
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

PERSON = "991231501014"


@pytest.fixture
def rewritten(monkeypatch):
    """The policy file with one value changed."""
    given = policy_files.policy_document(policy.PACKAGE, policy.FILE)

    def change(**values):
        monkeypatch.setattr(policy_files, "policy_document", lambda _package, _file: given | values)
        policy.call_policy.cache_clear()

    yield change
    monkeypatch.undo()
    policy.call_policy.cache_clear()


class TestPolicy:
    def test_every_file_is_valid(self):
        policy.check()

    def test_nine_topics_of_the_taxonomy_have_a_key(self):
        assert set(policy.call_policy().topics) <= taxonomy().topics.keys()

    @pytest.mark.parametrize(
        "wrong",
        [{"topics": ["PAY_METHODS"]}, {"topics": ["NO_SUCH"] * 9}, {"answered_in_call": ["COMPLAINT"]}],
        ids=["too-few", "unknown", "second-tier"],
    )
    def test_topics_and_kinds_that_no_call_closes_are_refused_at_start_up(self, rewritten, wrong):
        rewritten(**wrong)
        with pytest.raises(ReferenceDataError):
            policy.call_policy()


class TestFileInsuranceRegister:
    async def test_it_returns_the_status_and_the_latest_payments_first(self, tmp_path):
        file = tmp_path / "insured.json"
        payments = [{"month": month, "payer": "EMPLOYER", "amount": 8500} for month in ("2025-12", "2026-01")]
        file.write_text(json.dumps({PERSON: {"status": "INSURED", "since": "2024-01-01", "payments": payments}}))
        found = await FileInsuranceRegister(file).insured_status(PERSON)
        assert [payment.month for payment in found.payments] == [date(2026, 1, 1), date(2025, 12, 1)]
        assert await FileInsuranceRegister(file).insured_status("991231502021") is None

    @pytest.mark.parametrize("content", ["[]", "{", '{"1": {"status": "RICH", "payments": []}}', '{"1": {"status": "INSURED"}}'])
    def test_a_file_of_another_shape_is_refused_without_repeating_it(self, tmp_path, content):
        file = tmp_path / "insured.json"
        file.write_text(content)
        with pytest.raises(ReferenceDataError, match="is not a register"):
            FileInsuranceRegister(file)
