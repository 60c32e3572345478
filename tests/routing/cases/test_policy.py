import pytest

from routing.cases import policy
from routing.cases.policy import NamedCode
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError

LABEL = Label("а", "б", "c")


@pytest.fixture
def table(monkeypatch):
    """Replace every table by the one given, as if a file had been changed."""

    def replace(entries):
        for module in (policy, policy.files):
            monkeypatch.setattr(module, "policy_table", lambda *_args, **_more: entries)

    return replace


class TestNamedCodes:
    @pytest.mark.parametrize("read", [policy.return_grounds, policy.escalation_reasons, policy.termination_grounds])
    def test_a_file_without_a_code_that_the_program_names_is_refused(self, table, read):
        table({"ANOTHER": LABEL})
        with pytest.raises(ReferenceDataError, match="missing"):
            read.__wrapped__()

    def test_outcomes_of_which_none_follows_a_confirmation_are_refused(self, monkeypatch):
        monkeypatch.setattr(policy.outcomes, "_deciders", lambda: {"JUSTIFIED": policy.outcomes.OutcomeDecider.CLERK})
        with pytest.raises(ReferenceDataError, match="missing: RESOLVED_ON_SPOT"):
            policy.confirmed_outcomes.__wrapped__()

    def test_the_files_of_the_product_have_them(self):
        assert NamedCode.NOT_COMPLETED in policy.return_grounds()
        assert NamedCode.ANONYMOUS in policy.termination_grounds()
        assert NamedCode.NOT_SATISFIED in policy.escalation_reasons()
