import csv
import io

import pytest

from shared.errors import DomainError, InvalidInput, MalformedText, PayloadTooLarge
from shared.import_files import BLOCK, LINE_LIMIT, CsvReader, LineReader, MalformedCsv, parsed
from tests.processor_time import processor_time

COLUMNS = ("number", "text", "region")
ROWS = [{"number": str(n), "text": f"Мәтін {n}", "region": "KZ-43"} for n in range(1, 11)]


def sheet(rows=ROWS, separator=",", end="\r\n"):
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS, delimiter=separator, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def read(raw, size=997, **chosen):
    """Records by blocks of `size` bytes: their line, and their cells or their refusal's code."""
    reader = CsvReader(COLUMNS, **chosen)
    found = []
    for start in range(0, len(raw), size):
        found += reader.feed(raw[start : start + size])
    found += reader.feed(b"", final=True)
    return [(one.line, one.cells.code if isinstance(one.cells, DomainError) else one.cells) for one in found]


EXPECTED = [(n + 1, row) for n, row in enumerate(ROWS, start=1)]


class TestCsvReader:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_it_is_read_as_excel_and_others_write_it(self, separator, end, encoding):
        assert read(sheet(separator=separator, end=end).encode(encoding)) == EXPECTED

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
    def test_blocks_may_be_cut_anywhere(self, size, monkeypatch):
        monkeypatch.setattr("shared.import_files.BLOCK", 16)
        rows = [ROWS[0] | {"text": 'жол\nүзілген, "тырнақша"'}, *ROWS[1:]]
        raw = sheet(rows).encode("utf-16")
        assert read(raw, size) == [(2, rows[0]), *((n + 2, row) for n, row in enumerate(rows[1:], start=2))]

    def test_excels_own_first_line_is_passed_over(self):
        assert read(b"sep=;\r\n" + sheet(separator=";").encode()) == [(n + 1, row) for n, row in EXPECTED]

    def test_a_quotation_mark_inside_of_a_cell_is_a_letter(self):
        raw = sheet().replace("Мәтін 2", 'палата 5" койка').encode()
        assert read(raw) == [(n, row | {"text": 'палата 5" койка'} if n == 3 else row) for n, row in EXPECTED]

    def test_one_that_opens_a_cell_and_does_not_close_it_costs_its_line_alone(self):
        raw = sheet().replace("Мәтін 2", '"палата 5 койка').encode()
        assert read(raw) == [(n, "malformed-csv" if n == 3 else row) for n, row in EXPECTED]

    def test_it_swallows_no_lines_up_to_the_next_quotation_mark(self):
        raw = sheet().replace("Мәтін 2", '"палата 5 койка').replace("Мәтін 6", '"Мәтін 6"').encode()
        assert read(raw) == [(n, "malformed-csv" if n == 3 else row) for n, row in EXPECTED]

    def test_a_record_over_lines_of_another_width_is_read_line_by_line(self):
        raw = sheet().replace("Мәтін 2", '"a').replace("Мәтін 4", 'b",c').encode()
        assert read(raw) == [(n, "malformed-csv" if n in {3, 5} else row) for n, row in EXPECTED]

    def test_rows_inside_of_a_cell_are_read_as_rows(self):
        columns = (*COLUMNS, "kind", "outcome")
        lines = [",".join(columns), *(f"{n},мәтін {n},KZ-43,COMPLAINT,JUSTIFIED" for n in range(1, 6))]
        lines[2], lines[4] = lines[2].replace("мәтін", '"мәтін'), lines[4].replace("мәтін 4", 'мәтін 4"')
        found = CsvReader(columns).feed("\n".join(lines).encode(), final=True)
        assert [one.line for one in found] == [2, 3, 4, 5, 6]
        assert [one.line for one in found if isinstance(one.cells, DomainError)] == [3]
        lines[2:5] = ['2,"жол\nекінші, үшінші\nсоңғы",KZ-43,COMPLAINT,JUSTIFIED']
        found = CsvReader(columns).feed("\n".join(lines).encode(), final=True)
        assert [one.line for one in found if not isinstance(one.cells, DomainError)] == [2, 3, 6]

    def test_empty_lines_and_rows_without_content_are_no_rows(self):
        assert read(sheet().replace("\r\n3,", "\r\n\r\n,,\r\n3,").encode())[2:] == [(n + 2, row) for n, row in EXPECTED[2:]]

    @pytest.mark.parametrize(
        "raw", [b"number;text|region\n", b"number|text|region\n1|2|3\n", b"", b"\n", b"number,number,text\n", b"name\n"]
    )
    def test_another_header_is_refused_with_the_separators(self, raw):
        with pytest.raises(InvalidInput) as refused:
            read(raw, required=COLUMNS)
        assert "commas, semicolons or tabs" in refused.value.detail

    def test_windows_1251_is_refused_by_its_name(self):
        with pytest.raises(MalformedText) as refused:
            read(sheet().replace("ә", "а").replace("і", "и").encode("cp1251"))
        assert "Windows-1251" in refused.value.detail
        assert "CSV UTF-8" in refused.value.detail

    def test_one_line_in_another_encoding_is_refused_alone(self):
        raw = sheet().encode().replace("Мәтін 5".encode(), "текст".encode("cp1251"))
        assert read(raw) == [(n, "malformed-text" if n == 6 else row) for n, row in EXPECTED]

    def test_broken_utf_16_is_refused(self):
        with pytest.raises(MalformedText):
            read(b"\xff\xfe" + "number\n".encode("utf-16-le") + b"\x00\xdc\x31")

    def test_a_line_beyond_the_limit_is_refused_alone(self):
        raw = sheet().replace("Мәтін 5", "ә" * LINE_LIMIT).encode()
        assert read(raw, 65_536) == [(n, "payload-too-large" if n == 6 else row) for n, row in EXPECTED]


class TestLineReader:
    def test_lines_are_numbered_with_the_empty_ones(self):
        reader = LineReader()
        found = reader.feed(b"\xef\xbb\xbfa\n\r\nb\rc", final=True)
        assert [(line.number, line.text) for line in found] == [(1, "a"), (2, ""), (3, "b"), (4, "c")]


class TestWorkIsLinear:
    @pytest.mark.parametrize("raw", [
        b'"a,b,c\n' * 40_000, b'a,"b\n' * 40_000, b'"\n' * 80_000, b'"' * 250_000, b'a,"' + b"\n" * 80_000, b",\n" * 80_000,
        b'a,"b""\n' * 40_000, b"\r" * 250_000, b"a," * 80_000,
    ])  # fmt: skip
    def test_nonsense_takes_little_time(self, raw):
        with processor_time() as spent:
            read(b"number,text,region\n" + raw, BLOCK)
        assert spent.seconds < 5  # some .3 on an idle machine; quadratic work takes minutes


class TestParsed:
    async def test_more_than_the_limit_is_refused(self):
        async def body():
            for _ in range(3):
                yield b"number\n"

        with pytest.raises(PayloadTooLarge):
            async for _ in parsed(body(), CsvReader(COLUMNS), lambda one: one, limit=15):
                pass

    async def test_rows_are_converted_block_by_block(self):
        async def body():
            for start in range(0, len(raw), 10_000):
                yield raw[start : start + 10_000]

        raw = sheet(ROWS * 1000).encode()
        found = [some async for some in parsed(body(), CsvReader(COLUMNS), lambda one: one.line, limit=10**7)]
        assert len(found) > 2
        assert [line for some in found for line in some] == list(range(2, 10_002))


def test_malformed_csv_says_what_to_do():
    assert MalformedCsv.code == "malformed-csv"
