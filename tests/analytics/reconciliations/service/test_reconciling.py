from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reconciliations.policy import EXAMPLES, columns_by_heading, example
from analytics.reconciliations.service import example_sheet, reconcile
from analytics.reconciliations.service.sheets import all_regions
from shared.domain.labels import LANGUAGES

HEAD = "id;title;value;unit;period;region;part_of;whole_list;figure;share_of;change_from;counts"


def sheet(*rows, head=HEAD):
    return reconcile(("\n".join([head, *rows]) + "\n").encode())


def verdicts(result):
    return [(check.line, check.kind, check.verdict) for check in result.checks]


def contradictions(result):
    return {check.line: check for check in result.checks if check.verdict == "CONTRADICTION"}


def plain(text):
    return text.replace("\u202f", " ").replace("\u00a0", " ")


class TestTheSources:
    """The published statistics that come with the service, and exactly what contradicts itself in them."""

    def found(self, name):
        result = reconcile(example(name).encode())
        wrong = contradictions(result).values()
        open_ = [check for check in result.checks if check.verdict == "NOT_CHECKABLE"]
        return [(check.line, check.stated, plain(check.computed)) for check in wrong], [(check.line, check.kind) for check in open_]

    def test_kyzylorda_2025(self):
        wrong, open_ = self.found("kyzylorda-2025")
        assert wrong == [(6, "−11,9 %", "−13,1 %"), (9, "56,3 %", "56,4 %")]
        assert open_ == [(3, "TOTAL"), (5, "CHANGE"), (7, "SHARE"), (8, "UNDIVIDED"), (17, "CHANGE"), (20, "SHARE")]

    def test_west_kazakhstan_2021(self):
        wrong, open_ = self.found("west-kazakhstan-2021-h1")
        assert wrong == [(4, "6552", "6 655")]
        assert open_ == [(2, "TOTAL"), (2, "TOTAL"), (3, "TOTAL"), (4, "TOTAL")]

    def test_zhambyl_2026(self):
        wrong, open_ = self.found("zhambyl-2026")
        assert wrong == [(2, "1 171 882", "1 171 922"), (13, "−238", "−236")]
        assert open_ == []

    def test_almaty_2019(self):
        wrong, open_ = self.found("almaty-2019")
        assert wrong == []
        assert open_ == [(4, "SHARE")]

    def test_each_is_explained_in_kazakh_and_russian(self):
        checks = {check.line: check for name in EXAMPLES[:1] for check in reconcile(example(name).encode()).checks}
        assert plain(checks[6].explanation_kk) == (
            "Айырмасы −111, қазіргі мәні 736 болса, бұрынғысы — 847. Бұл −13,1 % өзгерісті береді, ал мәтінде −11,9 % делінген."
        )
        assert plain(checks[6].explanation_ru) == (
            "Если разница −111, а новое значение 736, то прежнее — 847. Изменение составляет −13,1 %, а в тексте указано −11,9 %."
        )
        assert plain(checks[9].explanation_kk).startswith("736-ның 415-і — 56,386 %, дөңгелектегенде 56,4 %, ал мәтінде 56,3 %")
        assert plain(checks[3].explanation_ru) == "Названные части дают 626, итог — 736. Остаются 110 (14,9 %); что это, не указано."
        assert "684 000-нан астам" in plain(checks[20].explanation_kk)
        assert "более 684 000" in plain(checks[20].explanation_ru)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_example_to_download_is_the_first_of_them(self, language):
        text = example_sheet(language)
        assert all(heading in columns_by_heading() for heading in text.split("\n", 1)[0].split(";"))
        assert reconcile(text.encode("utf-8-sig")) == reconcile(example(EXAMPLES[0]).encode())


class TestSums:
    def test_quarters_that_cover_the_year_are_all_its_parts(self):
        quarters = [f"q{number};;{100 * number};;2025-Q{number};;y;;;;;" for number in range(1, 5)]
        assert verdicts(sheet("y;;1000;;2025;;;;;;;", *quarters)) == [(2, "TOTAL", "OK")]
        assert verdicts(sheet("y;;1001;;2025;;;;;;;", *quarters)) == [(2, "TOTAL", "CONTRADICTION")]
        assert verdicts(sheet("y;;1001;;2025;;;;;;;", *quarters[1:])) == [(2, "TOTAL", "NOT_CHECKABLE")]

    def test_regions_that_cover_the_country_are_all_its_parts(self):
        parts = [f"{code};;10;;2025;{code};kz;;;;;" for code in sorted(all_regions())]
        assert verdicts(sheet("kz;;200;;2025;;;;;;;", *parts)) == [(2, "TOTAL", "OK")]
        assert verdicts(sheet("kz;;201;;2025;Қазақстан;;;;;;", *parts)) == [(2, "TOTAL", "CONTRADICTION")]

    def test_breakdowns_by_period_and_by_reason_are_added_up_separately(self):
        result = sheet("t;;10;;2025;;;;;;;", "a;;6;;2025-H1;;t;;;;;", "b;;4;;2025-H2;;t;;;;;", "c;;7;;2025;;t;;;;;", "d;;3;;2025;;t;;;;;")
        assert [check.verdict for check in result.checks] == ["OK", "OK"]

    def test_a_part_larger_than_its_total_is_a_contradiction(self):
        assert 2 in contradictions(sheet("t;;10;;;;;;;;;", "a;;11;;;;t;;;;;"))

    def test_shares_of_a_number_add_up_to_a_hundred_within_their_rounding(self):
        thirds = [f"{name};;33,3 %;;;;t;да;;;;" for name in "abc"]
        assert verdicts(sheet("t;;3;;;;;;;;;", *thirds)) == [(2, "TOTAL", "OK")]
        assert 2 in contradictions(sheet("t;;3;;;;;;;;;", *thirds, "d;;1 %;;;;t;;;;;"))

    def test_stated_parts_that_exceed_the_total_contradict_it_although_one_is_missing(self):
        assert verdicts(sheet("t;;10;;;;;;;;;", "a;;11;;;;t;;;;;", "b;;?;;;;t;;;;;")) == [(2, "TOTAL", "CONTRADICTION")]
        assert verdicts(sheet("t;;10;;;;;;;;;", "a;;9;;;;t;;;;;", "b;;?;;;;t;;;;;")) == [(2, "TOTAL", "NOT_CHECKABLE")]

    def test_parts_that_cannot_be_read_are_named_by_their_line(self):
        result = sheet("t;;10;;;;;;;;;", "a;;бес;;;;t;;;;;")
        check = next(check for check in result.checks if check.kind == "TOTAL")
        assert (check.line, check.verdict) == (2, "NOT_CHECKABLE")
        assert "(строка 3)" in check.explanation_ru

    def test_a_total_that_is_not_stated_leaves_the_sum_to_the_reader(self):
        (check,) = sheet("t;;?;;;;;;;;;", "a;;6;;;;t;;;;;", "b;;4;;;;t;;;;;").checks
        assert (check.line, check.kind, check.verdict, check.computed) == (2, "TOTAL", "NOT_CHECKABLE", "10")
        assert check.explanation_ru == "Итог не указан. Названные части дают 10."

    def test_numbers_are_not_added_up_to_a_percentage(self):
        checks = sheet("w;;20;;;;;;;;;", "t;;50 %;;;;;;;w;;", "a;;6;;;;t;;;;;", "b;;4;;;;t;;;;;").checks
        (check,) = (check for check in checks if check.kind == "TOTAL")
        assert (check.line, check.verdict, check.computed) == (3, "NOT_CHECKABLE", None)
        assert "в разных единицах" in check.explanation_ru


class TestShares:
    @pytest.mark.parametrize(
        ("value", "verdict"),
        [
            ("66,7 %", "OK"),
            ("66,67 %", "OK"),
            ("67 %", "OK"),
            ("66,6 %", "CONTRADICTION"),
            ("более 66 %", "OK"),
            ("over 67 %", "CONTRADICTION"),
        ],
    )
    def test_a_share_is_checked_at_its_own_precision(self, value, verdict):
        assert verdicts(sheet("w;;3;;;;;;;;;", "p;;2;;;;;;;;;", f"s;;{value};;;;;;p;w;;")) == [(4, "SHARE", verdict)]

    def test_a_share_over_a_hundred_is_impossible_whatever_it_is_of(self):
        assert verdicts(sheet("s;;100,1 %;;;;;;;;;")) == [(2, "SHARE", "CONTRADICTION")]

    def test_a_share_that_is_no_percentage_says_so(self):
        result = sheet("w;;3;;;;;;;;;", "p;;2;;;;;;;;;", "s;;0,667;;;;;;p;w;;")
        assert verdicts(result) == [(4, "SHARE", "NOT_CHECKABLE")]
        assert "%" in result.checks[0].explanation_ru

    def test_a_share_of_nothing_cannot_be_checked(self):
        assert verdicts(sheet("w;;0;;;;;;;;;", "p;;0;;;;;;;;;", "s;;5 %;;;;;;p;w;;")) == [(4, "SHARE", "NOT_CHECKABLE")]

    @pytest.mark.parametrize(("value", "verdict"), [("50 %", "OK"), ("66,6 %", "OK"), ("70 %", "CONTRADICTION")])
    def test_a_share_of_more_than_a_number_is_at_most_the_share_of_that_number(self, value, verdict):
        assert verdicts(sheet("w;;более 3;;;;;;;;;", "p;;2;;;;;;;;;", f"s;;{value};;;;;;p;w;;")) == [(4, "SHARE", verdict)]

    def test_any_share_fits_a_whole_that_may_be_nothing(self):
        assert verdicts(sheet("w;;менее 3;;;;;;;;;", "p;;2;;;;;;;;;", "s;;90 %;;;;;;p;w;;")) == [(4, "SHARE", "OK")]


class TestChanges:
    def change(self, value, base="847", figure="736"):
        return sheet(f"b;;{base};;;;;;;;;", f"f;;{figure};;;;;;;;;", f"c;;{value};;;;;;f;;b;").checks

    @pytest.mark.parametrize(
        ("value", "verdict"),
        [
            ("−111", "OK"),
            ("на 111 меньше", "OK"),
            ("−13,1 %", "OK"),
            ("−13 %", "OK"),
            ("−112", "CONTRADICTION"),
            ("−11,9 %", "CONTRADICTION"),
            ("111", "CONTRADICTION"),
            ("5 п. п.", "NOT_CHECKABLE"),
        ],
    )
    def test_a_difference_and_a_percentage_follow_from_both_figures(self, value, verdict):
        assert [check.verdict for check in self.change(value)] == [verdict]

    def test_a_wrong_direction_is_named(self):
        assert "минус" in self.change("13,1 %")[0].explanation_ru

    def test_percentages_change_by_points(self):
        result = sheet("w;;1000;;;;;;;;;", "b;;51,1 %;;;;;;;w;;", "f;;56,3 %;;;;;;;w;;", "c;;5,2 п. п.;;;;;;f;;b;")
        assert verdicts(result)[-1] == (5, "CHANGE", "OK")

    def test_a_change_from_zero_has_no_percentage(self):
        assert [check.verdict for check in self.change("5 %", base="0")] == ["NOT_CHECKABLE"]
        assert [check.verdict for check in self.change("736", base="0")] == ["OK"]

    def test_a_change_to_a_figure_that_is_not_stated_cannot_be_checked(self):
        (check,) = self.change("−13,1 %", figure="?")
        assert (check.kind, check.verdict, check.computed) == ("CHANGE", "NOT_CHECKABLE", None)
        assert "Новый показатель в тексте не приведён" in check.explanation_ru


class TestRows:
    def test_each_unusable_row_is_reported_at_its_line(self):
        result = sheet(
            "1;;бес;;;;;;;;;", "2;;5 %;;;;;;1;9;;", "3;;5;;;;3;;;;;", "3;;6;;;;;;;;;", "4;;7 %;;;;;;1;3;;", ";;;;x;;;;;;;", "a;b"
        )
        assert [(check.line, check.kind) for check in result.checks] == [(line, "UNREADABLE") for line in range(2, 9)]
        assert "№ 9" in result.checks[1].explanation_ru or "не читается" in result.checks[1].explanation_ru
        assert result.rows == 7

    def test_an_unknown_reference_names_its_column_in_each_language(self):
        (check,) = sheet("2;;5 %;;;;;;;9;;").checks
        assert check.explanation_kk == "«ненің үлесі» бағанында № 9 көрсетілген, бірақ кестеде ондай жол жоқ."
        assert check.explanation_ru == "В столбце «доля от» указан № 9, но такой строки в таблице нет."

    def test_the_same_figure_with_two_values_is_a_contradiction(self):
        assert verdicts(sheet("1;Шағымдар;736;;2025;;;;;;;", "2;шағымдар;737;;2025;;;;;;;")) == [(3, "REPEATED", "CONTRADICTION")]
        assert verdicts(sheet("1;Шағымдар;736;;2025;;;;;;;", "2;Шағымдар;более 700;;2025;;;;;;;", "3;Шағымдар;847;;2024;;;;;;;")) == []

    def test_titles_with_braces_and_percent_signs_are_text(self):
        (check,) = sheet("1;{x} %s;5;;;;;;;;;a{0} + %(b)s").checks
        assert "a{0}, %(b)s" in check.explanation_en


@st.composite
def statistics(draw):
    """A consistent statistic: a total with all its parts and their shares, the year before, the change, quarters."""
    parts = draw(st.lists(st.integers(1, 100_000), min_size=1, max_size=6))
    total, before = sum(parts), draw(st.integers(1, 300_000))
    rows = [("t", str(total), {"period": "2025"}), ("b", str(before), {"period": "2024"})]
    for number, part in enumerate(parts):
        digits, rounding = draw(st.integers(0, 3)), draw(st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
        share = (Decimal(100 * part) / Decimal(total)).quantize(Decimal(1).scaleb(-digits), rounding)
        rows += [(f"p{number}", str(part), {"period": "2025", "part_of": "t/reason", "whole_list": "yes"})]
        rows += [(f"s{number}", f"{share} %".replace(".", ","), {"figure": f"p{number}", "share_of": "t"})]
    first = draw(st.integers(0, total))
    rows += [(f"h{half}", str(value), {"period": f"2025-H{half}", "part_of": "t"}) for half, value in ((1, first), (2, total - first))]
    rows += [("c", str(total - before), {"figure": "t", "change_from": "b"})]
    change = (Decimal(100 * (total - before)) / Decimal(before)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return [*rows, ("cp", f"{change} %".replace(".", ","), {"figure": "t", "change_from": "b"})]


COLUMNS = ("period", "part_of", "whole_list", "figure", "share_of", "change_from")


def checked(rows):
    lines = [";".join([key, value, *(cells.get(column, "") for column in COLUMNS)]) for key, value, cells in rows]
    return sheet(*lines, head=";".join(["id", "value", *COLUMNS]))


class TestAnyStatistic:
    @given(statistics())
    def test_a_consistent_statistic_never_contradicts_itself(self, rows):
        result = checked(rows)
        assert contradictions(result) == {}
        assert all(check.verdict == "OK" for check in result.checks)

    @given(statistics(), st.data())
    def test_any_number_that_is_changed_is_found(self, rows, data):
        whole = [index for index, (_, value, _) in enumerate(rows) if not value.endswith("%")]
        index = data.draw(st.sampled_from(whole))
        key, value, cells = rows[index]
        rows[index] = (key, str(int(value) + data.draw(st.integers(1, 1_000))), cells)
        assert contradictions(checked(rows))

    @given(statistics(), st.data())
    def test_any_percentage_that_is_changed_by_more_than_rounding_is_found(self, rows, data):
        shares = [index for index, (_, value, _) in enumerate(rows) if value.endswith("%")]
        index = data.draw(st.sampled_from(shares))
        key, value, cells = rows[index]
        stated = Decimal(value.removesuffix(" %").replace(",", "."))
        step = Decimal(1).scaleb(stated.as_tuple().exponent)
        rows[index] = (key, f"{stated + 2 * step} %".replace(".", ","), cells)
        assert contradictions(checked(rows))
