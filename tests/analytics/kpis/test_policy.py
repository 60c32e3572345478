from types import SimpleNamespace

import pytest

from analytics.kpis import policy
from analytics.kpis.policy import check_policies, kpi_definitions, parse_definitions, publication
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

IDS = {
    "received", "complaints", "received_by_channel", "received_by_kind", "received_by_region", "received_by_tier", "complaints_by_category",
    "complaints_by_provider", "consultations_by_topic", "outcomes", "resolved_on_spot", "withdrawn",
    "confirmed", "verified", "refuted", "unproven", "self_served",
    "satisfaction", "calls_offered", "calls_answered", "calls_abandoned", "calls_abandoned_short", "calls_waiting_time",
    "calls_handling_time", "calls_service_level",
    "classifier_agreement", "classifier_agreement_auto", "classifier_agreement_suggest", "classifier_agreement_triage",
    "classifier_agreement_kk", "classifier_agreement_ru",
    *(f"classifier_agreement_{kind.lower()}" for kind in taxonomy().kinds),
}  # fmt: skip
OF_COURSE = {
    "answered_share", "answer_time_median", "answer_time_p90", "answered_in_time", "overdue", "extended", "reopened", "held_by_fund",
    "held_by_provider", "held_by_applicant", "first_contact_resolution", "tier1_leakage",
}  # fmt: skip
OF_PROVIDERS = {
    "provider_reply_median", "provider_reply_p90", "inquiries_overdue", "refusals_lawful", "commitments_fulfilled", "complaints_per_10000",
    "complaints_per_10000_insured",
}  # fmt: skip
OF_BACKLOG = {"backlog", "backlog_by_age"}
OF_CALLS = {kpi for kpi in IDS if kpi.startswith("calls_")}
OF_CLASSIFIER = {kpi for kpi in IDS if kpi.startswith("classifier_")}
HEADER = "# source: a test\nid,kk,ru,en,unit,metric_version,cohort,measure,group,public,direction,minimum_n,dashboard\n"


class TestKpiDefinitions:
    def test_every_figure_of_the_surface_is_defined(self):
        assert set(kpi_definitions()) == IDS | OF_COURSE | OF_PROVIDERS | OF_BACKLOG

    def test_figures_that_point_at_a_provider_or_an_outcome_are_not_public(self):
        assert {kpi.id for kpi in kpi_definitions().values() if not kpi.public} == {
            "received_by_tier", "complaints_by_provider", "outcomes", "resolved_on_spot", "withdrawn", "satisfaction", "confirmed",
            "verified", "refuted", "unproven", "self_served", *OF_CALLS, *OF_CLASSIFIER, *OF_COURSE,
            *OF_PROVIDERS, *OF_BACKLOG,
        }  # fmt: skip

    @pytest.mark.parametrize(
        "row",
        [
            "a,Қ,Р,E,appeals,1,COMPLAINTS,all,none,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,SOLVED,none,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,all,colour,true,none,1,none",
            "a,Қ,Р,E,appeals,0,all,all,none,true,none,1,none",
            "a,Қ,Р,E,calls,1,calls,LOUD,none,false,none,1,none",
            "a,Қ,Р,E,calls,1,calls,OFFERED,none,true,none,1,none",
            "a,Қ,Р,E,score,1,all,SCORE,region,false,none,1,none",
            "a,,Р,E,appeals,1,all,all,none,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,all,tier,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,WITHDRAWN,none,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,UNPROVEN,none,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,all,kind,true,none,1,none\nb,Қ,Р,E,appeals,1,all,all,kind,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,all,none,true,none,1,none\na,Қ,Р,E,appeals,1,all,all,none,true,none,1,none",
            "a,Қ,Р,E,appeals,1,all,all,none,true,none,1,chart",
            "a,Қ,Р,E,appeals,1,all,all,kind,true,none,1,main",
            "a,Қ,Р,E,appeals,1,all,all,none,true,none,1,roof",
            "a,Қ,Р,E,appeals,1,all,all,none,true,sideways,1,none",
            "a,Қ,Р,E,appeals,1,all,all,none,true,none,0,none",
        ],
    )
    def test_a_wrong_row_is_refused_before_the_service_starts(self, row):
        with pytest.raises(ReferenceDataError):
            parse_definitions(HEADER + row)


class TestPublication:
    def test_cells_below_five_are_not_published(self):
        assert publication().smallest_cell == 5

    def test_a_file_without_the_smallest_cell_is_refused(self, monkeypatch):
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: "# source: a test\nrule,value\nlargest_cell,5\n")
        with pytest.raises(ReferenceDataError, match="smallest_published_cell is missing"):
            publication.__wrapped__()


class TestPolicies:
    def test_every_reviewed_file_can_be_read(self):
        check_policies()

    @pytest.mark.parametrize(("load", "file"), [(policy.call_rules, "calls.csv"), (policy.leakage_days, "appeals.csv")])
    @pytest.mark.parametrize("row", ["", "longest_call,60\n"])
    def test_missing_and_unknown_rules_are_refused(self, monkeypatch, load, file, row):
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: f"# source: a test\nrule,value\n{row}")
        with pytest.raises(ReferenceDataError, match=f"{file}.*the rules are not those that the figures need"):
            load.__wrapped__()

    def test_the_taxonomy_must_have_the_kinds_that_disclosure_control_knows(self, monkeypatch):
        monkeypatch.setattr(policy, "taxonomy", lambda: SimpleNamespace(kinds={"COMPLAINT": None}))
        with pytest.raises(ReferenceDataError, match="missing: CONSULTATION"):
            check_policies()

    @pytest.mark.parametrize("starts", [(), (1, 6), (0, 11, 6), (0, 6, 6)])
    def test_spans_of_age_must_follow_each_other_from_zero(self, monkeypatch, starts):
        rows = "".join(f"s{number},{start},Қ,Р,E\n" for number, start in enumerate(starts))
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: f"# source: a test\ncode,from_days,kk,ru,en\n{rows}")
        with pytest.raises(ReferenceDataError, match="the spans do not follow each other from 0"):
            policy.ageing.__wrapped__()

    def test_a_number_of_people_without_its_day_is_refused(self, monkeypatch):
        text = "# source: a test\nregion,counted,counted_on,people\nKZ-31,ATTACHED,,1171882\n"
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: text)
        with pytest.raises(ReferenceDataError, match="a number of people needs its day"):
            policy.population.__wrapped__()
