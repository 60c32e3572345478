import pytest

from analytics.exports import policy
from analytics.exports.policy import NUMBER, ExportGrain, columns, columns_of
from analytics.exports.service import cells, check_columns
from analytics.facts.models import fact, transition
from shared.domain.tables import ReferenceDataError

UNSEEN = {
    "reopening_id",
    "protection",  # rows of protected appeals are left out of exports, not marked in them
    "appeal_id",
    "follows",
    "event_id",
    "received_at",
    "registered_at",
    "due_at",
    "routed_at",
    "answered_at",
    "closed_at",
    "moved_at",
    "at",
}


class TestColumns:
    def test_the_number_is_the_only_column_that_analysts_do_not_have(self):
        for grain in ExportGrain:
            seen, unseen = (columns_of(grain, with_numbers=each) for each in (True, False))
            assert [column.code for column in seen if column not in unseen] == [NUMBER]

    def test_no_column_is_an_id_of_an_appeal_or_a_time_of_day(self):
        assert UNSEEN.isdisjoint(columns())

    def test_every_other_column_of_the_grains_is_exported(self):
        renamed = {f"held_by_{holder}" for holder in ("fund", "provider", "applicant")}
        stored = {column.name for table in (fact, transition) for column in table.c} - UNSEEN - renamed
        assert stored <= set(columns())

    def test_a_column_that_nothing_fills_is_refused(self, monkeypatch):
        check_columns()
        monkeypatch.setattr(cells, "columns", lambda: {**columns(), "mood": None})
        with pytest.raises(ReferenceDataError, match="nothing fills mood"):
            check_columns()

    def test_two_columns_with_one_heading_are_refused(self, monkeypatch):
        first, second = list(columns().values())[:2]
        table = {"a": first, "b": policy.Column("b", second.grains, str, first.heading, first.meaning)}
        monkeypatch.setattr(policy, "policy_table", lambda *_: table)
        with pytest.raises(ReferenceDataError, match="the same heading"):
            columns.__wrapped__()

    def test_a_column_of_an_unknown_grain_is_refused(self, monkeypatch):
        content = "# source: a test\ncode,grains,type,kk,ru,en,meaning_kk,meaning_ru,meaning_en\nregion,facts calls,text,Ө,Р,R,ө,р,r\n"
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: content)
        with pytest.raises(ReferenceDataError, match="a grain is not known"):
            columns.__wrapped__()


class TestCodeLabels:
    def test_a_code_with_two_labels_is_refused(self, monkeypatch):
        content = "# source: a test\ncolumn,code,kk,ru,en\nurgency,NORMAL,Қ,О,N\nproof,NORMAL,Қ,О,N\nurgency,NORMAL,Қ,Н,N\n"
        monkeypatch.setattr("shared.policy_files.policy_text", lambda *_: content)
        with pytest.raises(ReferenceDataError, match="5: a code is given twice"):
            policy.code_labels.__wrapped__()
