import pytest

from shared.domain import tables
from shared.domain.labels import Label
from shared.domain.lifecycle import transitions
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError, Row, parse_rows, table
from shared.domain.taxonomy import taxonomy
from shared.domain.working_hours import _spans

HEAD = "# source: a test\ncode,kk,ru,en\n"


@pytest.fixture
def file_text(monkeypatch):
    """Puts a text in the place of a reference file; the tables that its rows name are read before."""
    taxonomy(), regions()
    return lambda text: monkeypatch.setattr(tables, "read_text", lambda _file: text)


class TestReading:
    def test_comments_and_empty_lines_are_passed_over_and_lines_keep_their_numbers(self):
        (row,) = parse_rows("a.csv", HEAD + "\n# note\nA,а,б,c\n")
        assert (row.number, row.label()) == (5, Label("а", "б", "c"))

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("code,kk\nA,а\n", "row 1: does not open with its source"),
            (HEAD + "A,а,б\n", "row 3: 3 cells under 4 columns"),
        ],
    )
    def test_a_file_without_source_or_of_another_width_is_refused_by_name_and_row(self, text, problem):
        with pytest.raises(ReferenceDataError, match=f"a.csv, {problem}"):
            parse_rows("a.csv", text)

    @pytest.mark.parametrize(
        ("lines", "problem"), [("A,а,б,c\nA,а,б,c\n", "A is given twice"), ("A,а,,c\n", "ru is empty"), (",а,б,c\n", "code is empty")]
    )
    def test_a_code_given_twice_or_an_empty_label_is_refused(self, file_text, lines, problem):
        file_text(HEAD + lines)
        with pytest.raises(ReferenceDataError, match=problem):
            table("a.csv", Row.label)


class TestCells:
    ROW = Row("a.csv", 3, {"n": "7", "flag": "yes", "day": "2026-02-30", "code": "X"})

    @pytest.mark.parametrize(
        "read",
        [
            lambda row: row.number_in("n", 1, 3),
            lambda row: row.number_in("code", 1, 3),
            lambda row: row.flag("flag"),
            lambda row: row.day("day"),
            lambda row: row.one_of("code", frozenset({"A"})),
        ],
    )
    def test_a_cell_that_is_not_what_it_should_be_is_refused_by_row(self, read):
        with pytest.raises(ReferenceDataError, match=r"a\.csv, row 3"):
            read(self.ROW)


class TestChecksOfTheRules:
    @pytest.mark.parametrize("line", ["LOST,x,CLOSED", "RECEIVED,x,LOST", "CLOSED,x,IN_REVIEW", "*,x,CLOSED\nRECEIVED,x,CLOSED"])
    def test_a_life_cycle_with_an_unknown_status_or_a_way_out_of_a_final_one_is_refused(self, file_text, line):
        file_text(f"# source: a test\nstatus,fact,next\n{line}\n")
        with pytest.raises(ReferenceDataError):
            transitions.__wrapped__()

    @pytest.mark.parametrize(
        "lines",
        [
            "KZ-43,09:00,18:00,,",  # the other branches have none
            "KZ-43,18:00,09:00,,",
            "KZ-43,nine,18:00,,",
            "KZ-43,09:00,18:00,,2020-01-01\nKZ-43,09:00,18:00,2020-01-01,",
        ],
    )
    def test_working_hours_that_overlap_run_backwards_or_leave_a_branch_out_are_refused(self, file_text, lines):
        file_text(f"# source: a test\nregion,opens,closes,valid_from,valid_to\n{lines}\n")
        with pytest.raises(ReferenceDataError):
            _spans.__wrapped__()
