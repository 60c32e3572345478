import zipfile
from io import BytesIO

import pytest

from shared.errors import InvalidInput, MalformedText
from shared.workbooks import is_workbook, read_workbook
from tests.workbooks import workbook

COLUMNS = ("bin", "name", "since")


class TestReadWorkbook:
    def test_rows_are_read_under_the_header_with_the_numbers_that_excel_shows(self):
        records = read_workbook(workbook([["bin", "name"], ["990140000123", "Емхана"], ["", ""], ["990140000124", " Аурухана "]]), COLUMNS)
        assert [(record.line, record.cells) for record in records] == [
            (2, {"bin": "990140000123", "name": "Емхана"}),
            (4, {"bin": "990140000124", "name": "Аурухана"}),
        ]

    def test_numbers_keep_their_digits(self):
        (record,) = read_workbook(workbook([["bin", "name"], [990140000123, 5.5]]), COLUMNS)
        assert record.cells == {"bin": "990140000123", "name": "5.5"}

    def test_empty_columns_after_the_header_are_ignored(self):
        (record,) = read_workbook(workbook([["bin", "name", ""], ["1", "Емхана", ""]]), COLUMNS)
        assert record.cells == {"bin": "1", "name": "Емхана"}

    @pytest.mark.parametrize("header", [["bin", "note"], ["bin", "bin"], ["name"], []])
    def test_another_header_is_refused_as_a_whole(self, header):
        with pytest.raises(InvalidInput):
            read_workbook(workbook([header]), COLUMNS, required=("bin",))

    @pytest.mark.parametrize("raw", [b"PK\x03\x04 no archive", b"", workbook([["bin"]])[:200]])
    def test_what_cannot_be_read_is_refused_with_a_sentence(self, raw):
        with pytest.raises(MalformedText) as refused:
            read_workbook(raw, COLUMNS)
        assert ".xlsx" in refused.value.detail

    def test_an_archive_that_is_no_workbook_is_refused(self):
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("note.txt", "емхана")
        with pytest.raises(MalformedText):
            read_workbook(packed.getvalue(), COLUMNS)

    def test_an_archive_that_unpacks_to_more_than_any_list_is_refused_unread(self):
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 70_000_000)
        with pytest.raises(MalformedText) as refused:
            read_workbook(packed.getvalue(), COLUMNS)
        assert "larger" in refused.value.detail


class TestIsWorkbook:
    def test_the_first_bytes_decide(self):
        assert is_workbook(workbook([["bin"]]))
        assert not is_workbook(b"bin,name\r\n")
