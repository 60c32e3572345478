import pytest

from analytics.reconciliations.policy import COLUMNS, Explanation, headings
from analytics.reconciliations.service.sheets import ROWS_LIMIT, months_of, read_sheet, region_code
from shared.domain.labels import LANGUAGES
from shared.errors import InvalidInput, MalformedText, PayloadTooLarge
from tests.workbooks import workbook


class TestReadSheet:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_it_reads_what_excel_saves(self, separator, encoding):
        text = f"id{separator}value{separator}unit\r\n1{separator}736{separator}адам\r\n"
        (row,) = read_sheet(text.encode(encoding))
        assert (row.line, row.key, row.text, row.problem) == (2, "1", "736", None)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_headings_of_each_language_name_the_columns(self, language):
        names = [headings()[code].in_(language).capitalize() for code in COLUMNS]
        (row,) = read_sheet((";".join(names) + "\n1;Т;5;;2025;;2/ арна;иә;3;4;5;a + b\n").encode())
        assert (row.key, row.title, row.part_of, row.whole_list) == ("1", "Т", ("2", "арна"), True)
        assert (row.figure, row.share_of, row.change_from, row.counts) == ("3", "4", "5", ("a", "b"))

    @pytest.mark.parametrize("text", ["жоқ", "нет", "no", "-", "0", ""])
    def test_a_list_of_parts_that_is_not_whole_is_said_in_the_usual_words(self, text):
        assert not read_sheet(f"value;whole_list\n5;{text}\n".encode())[0].whole_list

    def test_a_workbook_is_read_with_the_rows_that_excel_shows(self):
        (row,) = read_sheet(workbook([["№", "мәні"], ["", ""], ["a", 736.0]]))
        assert (row.line, row.text) == (3, "736")

    def test_a_line_that_cannot_be_read_is_a_row_of_its_own(self):
        rows = read_sheet('id;value\n1;5\n2;"6\n3;7;8\n4;жеті\n'.encode())
        assert [(row.line, row.problem) for row in rows] == [
            (2, None),
            (3, Explanation.LINE_UNREADABLE),
            (4, Explanation.LINE_UNREADABLE),
            (5, Explanation.VALUE_UNREADABLE),
        ]

    def test_a_first_line_without_the_columns_is_refused(self):
        for text in ("1;2\n3;4\n", "", "id;№;value\n1;1;5\n"):
            with pytest.raises(InvalidInput):
                read_sheet(text.encode())

    def test_another_encoding_is_refused(self):
        with pytest.raises(MalformedText):
            read_sheet("id;value;название\n1;5;Жалобы\n".encode("cp1251"))

    def test_more_rows_than_the_limit_are_refused(self):
        with pytest.raises(PayloadTooLarge):
            read_sheet(("value\n" + "1\n" * (ROWS_LIMIT + 1)).encode())


class TestMonthsOf:
    @pytest.mark.parametrize(
        "text",
        [
            "2021-q1",
            "q1 2021",
            "1 квартал 2021 г.",
            "2021 ж. 1-тоқсан",
            "2021 жылдың 1-тоқсаны",
            "1 quarter of 2021",
            "i квартал 2021 года",
        ],
    )
    def test_a_quarter_is_three_months(self, text):
        assert months_of(text) == (2021 * 12, 2021 * 12 + 3)

    def test_other_periods_have_their_length(self):
        assert months_of("2021 г.") == months_of("2021 жыл") == months_of("2021 год") == months_of("2021")
        assert months_of("2021") == (2021 * 12, 2022 * 12)
        assert months_of("ii полугодие 2021") == (2021 * 12 + 6, 2022 * 12)
        assert months_of("2021 жылдың 2-жартыжылдығы") == (2021 * 12 + 6, 2022 * 12)
        assert months_of("2021-09") == (2021 * 12 + 8, 2021 * 12 + 9)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "өткен жыл",
            "2026-02-04",
            "2021-2022",
            "2021-q5",
            "9 месяцев 2025",
            "2021-13",
            "январь 2021",
            "первый квартал 2021",
            "2021 жылғы қаңтар",
        ],
    )
    def test_other_texts_are_no_period(self, text):
        assert months_of(text) is None

    @pytest.mark.parametrize("text", ["9 месяцев 2025", "январь 2021", "первый квартал 2021", "2021 жылғы қаңтар"])
    def test_a_part_of_a_year_that_is_not_understood_is_not_taken_for_the_year(self, text):
        assert months_of(text) is None


class TestRegionCode:
    def test_codes_and_names_mean_the_same(self):
        assert region_code("KZ-43") == region_code("kz-43") == region_code("Кызылординская область") == region_code("Қызылорда облысы")
        assert region_code("") == region_code("Қазақстан") == "KZ"
        assert region_code("Қордай ауданы") == "қордай ауданы"
