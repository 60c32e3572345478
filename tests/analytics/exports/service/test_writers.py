import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from python_calamine import CalamineWorkbook

from analytics.exports.policy import Column, ExportFormat
from analytics.exports.service import writers
from analytics.exports.service.writers import FORMULA_STARTS, WRITERS, neutralised
from shared.domain.labels import Label

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t"), max_size=20)
CELLS = st.one_of(TEXTS, st.tuples(st.sampled_from(FORMULA_STARTS), TEXTS).map("".join))


def column(code: str, cell_type: type = str) -> Column:
    label = Label(code, code, code)
    return Column(code, frozenset({"facts"}), cell_type, label, label)


def written(file_format: ExportFormat, rows: list, *columns: Column) -> bytes:
    with WRITERS[file_format](columns or (column("a"), column("b")), "en") as writer:
        return b"".join([*(writer.add([row]) for row in rows), *writer.finish()])


class TestNeutralised:
    @given(CELLS)
    def test_no_text_begins_like_a_formula_and_none_is_lost(self, text):
        safe = neutralised(text)
        assert not safe.startswith(FORMULA_STARTS)
        assert safe.removeprefix("'") == text.removeprefix("'")

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_each_start_of_a_formula_gets_an_apostrophe(self, start):
        assert neutralised(f"{start}1") == f"'{start}1"

    @pytest.mark.parametrize("cell", [-1, 0, None, True, "1-2", "a=b", ""])
    def test_every_other_cell_stays_as_it_is(self, cell):
        assert neutralised(cell) == cell


class TestWriters:
    @given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
    def test_a_csv_file_has_the_neutralised_cells(self, rows):
        lines = list(csv.reader(io.StringIO(written(ExportFormat.CSV, rows).decode("utf-8-sig"), newline="")))
        assert lines == [["a", "b"], *([neutralised(cell) for cell in row] for row in rows)]

    @given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
    def test_a_workbook_has_no_formula(self, rows):
        content = written(ExportFormat.XLSX, rows)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        assert not any(str(cell).startswith(FORMULA_STARTS) for line in sheet for cell in line)

    def test_a_workbook_goes_on_in_another_sheet_when_one_is_full(self, monkeypatch):
        monkeypatch.setattr(writers, "SHEET_ROWS", 3)
        book = CalamineWorkbook.from_filelike(io.BytesIO(written(ExportFormat.XLSX, [(str(each), "x") for each in range(7)])))
        sheets = [book.get_sheet_by_index(number).to_python() for number in range(3)]
        assert [sheet[0] for sheet in sheets] == [["a", "b"]] * 3
        assert [row[0] for sheet in sheets for row in sheet[1:]] == [str(each) for each in range(7)]

    def test_a_parquet_file_has_groups_of_rows_and_texts_as_they_are(self, monkeypatch):
        monkeypatch.setattr(writers, "GROUP_ROWS", 3)
        rows = [("=1", each) for each in range(7)]
        file = parquet.ParquetFile(io.BytesIO(written(ExportFormat.PARQUET, rows, column("a"), column("n", int))))
        assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [3, 3, 1]
        assert file.read().to_pydict() == {"a": ["=1"] * 7, "n": list(range(7))}

    def test_a_workbook_that_is_not_finished_leaves_no_file(self, tmp_path, monkeypatch):
        monkeypatch.setattr(writers.TemporaryDirectory, "__init__", _in_folder(tmp_path, writers.TemporaryDirectory.__init__))
        with WRITERS[ExportFormat.XLSX]([column("a")], "en") as writer:
            writer.add([["x"]])
            assert any(tmp_path.iterdir())
        assert list(tmp_path.iterdir()) == []


def _in_folder(folder, made):
    return lambda self, **options: made(self, dir=folder, **options)
