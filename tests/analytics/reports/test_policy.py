import pytest

from analytics.reports import policy
from shared.domain.tables import ReferenceDataError

FIGURES = "# source: a test\ncode,kpi,kind,group,total,scope,shown\n"


@pytest.fixture
def fresh():
    """Empty the caches around a test, so that it reads changed files."""
    cached = (policy.report_figures, policy.period_names, policy._texts)
    for each in cached:
        each.cache_clear()
    yield
    for each in cached:
        each.cache_clear()


@pytest.mark.usefixtures("fresh")
class TestCheckPolicies:
    def test_the_files_are_sound(self):
        policy.check_policies()

    @pytest.mark.parametrize(
        ("row", "problem"),
        [
            ("by_channel,received_by_channel,,,received,all,3", "by_channel: received is no figure of reports"),
            ("withdrawn,withdrawn,,,outcomes.WITHDRAWN,all,0", "withdrawn: outcomes is no figure of reports"),
            ("by_channel,received_by_channel,,,,all,0", "a figure with parts shows some of them"),
            ("received,received,,,,all,3", "one without parts none"),
        ],
    )
    def test_a_wrong_figure_is_refused(self, monkeypatch, row, problem):
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: f"{FIGURES}{row}\n")
        with pytest.raises(ReferenceDataError, match=problem):
            policy.check_policies()

    def test_a_russian_text_with_a_value_that_the_kazakh_text_lacks_is_refused(self, monkeypatch):
        monkeypatch.setattr(policy, "policy_document", lambda *_: {"title": {"kk": "{period}", "ru": "{period}, {region}"}})
        with pytest.raises(ReferenceDataError, match="title: the Russian text names a value"):
            policy.check_policies()

    def test_a_kazakh_text_may_name_more_values(self, monkeypatch):
        monkeypatch.setattr(policy, "policy_document", lambda *_: {"title": {"kk": "{period}, {region}", "ru": "{period}"}})
        policy.check_policies()
