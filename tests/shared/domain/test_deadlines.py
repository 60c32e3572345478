import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import CalendarGap, working_calendar
from shared.domain.deadlines import due_at, due_on, explain, policies, policy_for_form
from shared.domain.labels import LANGUAGES
from shared.domain.taxonomy import taxonomy

CALENDAR = working_calendar()
DAYS = st.dates(min_value=date(2001, 1, 1), max_value=date(2027, 12, 31))
POLICIES = st.sampled_from(sorted(code for code, policy in policies().items() if policy.unit != "working_hour"))
FORWARD = st.sampled_from(
    sorted(code for code, policy in policies().items() if policy.direction == "after" and policy.unit != "working_hour")
)


def deadline(code, start):
    return due_on(start, policies()[code], CALENDAR)


class TestDueOn:
    def test_fifteen_working_days_from_the_day_after_registration(self):
        found = deadline("APPK_15WD", date(2026, 2, 2))
        assert (found.due_on, found.start, found.policy.code, found.calendar_version) == (
            date(2026, 2, 23),
            date(2026, 2, 2),
            "APPK_15WD",
            "kz-2026.3",
        )

    def test_a_complaint_against_an_act_has_twenty(self):
        assert deadline("APPK_20WD", date(2026, 12, 11)).due_on == date(2027, 1, 14)

    def test_the_providers_five_days_are_calendar_days_and_do_not_roll(self):
        assert deadline("SPP_5CD", date(2026, 3, 17)).due_on == date(2026, 3, 22)  # a Sunday and Nauryz

    def test_a_calendar_term_that_rolls_ends_on_the_next_working_day(self):
        rolling = replace(policies()["SPP_5CD"], roll="next_working_day")
        assert due_on(date(2026, 3, 17), rolling, CALENDAR).due_on == date(2026, 3, 26)

    def test_what_came_on_a_day_off_is_registered_on_the_next_working_day(self):
        assert deadline("REGISTER", date(2026, 3, 21)).due_on == date(2026, 3, 26)

    def test_a_report_of_a_crime_is_passed_on_the_same_day_even_on_a_sunday(self):
        assert deadline("REDIRECT_CRIME", date(2026, 3, 22)).due_on == date(2026, 3, 22)

    def test_a_hearing_is_announced_three_working_days_before_the_act(self):
        assert deadline("HEARING_NOTICE", date(2026, 5, 12)).due_on == date(2026, 5, 5)  # 8, 6 and 5 May; 7 and 11 May are off

    @given(DAYS, DAYS, POLICIES)
    def test_a_later_event_never_has_an_earlier_deadline(self, first, other, code):
        earlier, later = sorted((first, other))
        assert deadline(code, earlier).due_on <= deadline(code, later).due_on

    @given(DAYS, POLICIES)
    def test_a_deadline_that_rolls_never_falls_on_a_day_off(self, start, code):
        found = deadline(code, start)
        assert found.policy.roll == "none" or not CALENDAR.is_day_off(found.due_on)

    @pytest.mark.parametrize("code", ["APPK_15WD", "SPP_5CD"])
    @pytest.mark.parametrize("start", [date(1999, 12, 31), date(2028, 12, 30), date(2029, 1, 1), date.max])
    def test_a_span_the_calendar_does_not_cover_is_a_gap(self, code, start):
        with pytest.raises(CalendarGap):
            deadline(code, start)

    def test_a_hundred_thousand_due_dates_take_less_than_a_second(self):
        policy, first = policies()["APPK_15WD"], date(2015, 1, 1)
        starts = [first + timedelta(days=n % 5000) for n in range(100_000)]
        due_on.cache_clear()
        began = time.thread_time()
        for start in starts:
            due_on.__wrapped__(start, policy, CALENDAR)
        assert time.thread_time() - began < 1


class TestHours:
    def test_a_term_in_hours_has_no_due_day(self):
        with pytest.raises(ValueError, match="TRIAGE"):
            deadline("TRIAGE", date(2026, 2, 2))


class TestExplain:
    @given(DAYS, POLICIES)
    def test_there_is_a_line_a_day_from_the_start_to_the_due_day(self, start, code):
        found = deadline(code, start)
        days = sorted(step.date for step in explain(found, CALENDAR))
        first = min(start, found.due_on)
        assert days == [first + timedelta(days=offset) for offset in range(abs((found.due_on - start).days) + 1)]

    @given(DAYS, POLICIES)
    def test_the_running_number_ends_at_the_amount_and_skips_the_start(self, start, code):
        steps = explain(deadline(code, start), CALENDAR)
        assert steps[0].counts is None
        assert [step.counts for step in steps if step.counts] == list(range(1, policies()[code].amount + 1))

    @given(DAYS, FORWARD)
    def test_a_working_day_term_counts_no_day_off_and_every_other_day(self, start, code):
        found = deadline(code, start)
        if found.policy.unit == "working_day" and found.policy.amount:
            assert all((step.counts is None) == CALENDAR.is_day_off(step.date) for step in explain(found, CALENDAR)[1:])

    def test_a_day_off_says_why_in_three_languages(self):
        steps = {step.date: step for step in explain(deadline("APPK_15WD", date(2026, 5, 22)), CALENDAR)}
        ait = steps[date(2026, 5, 27)]
        assert (ait.counts, ait.kk, ait.ru, ait.en) == (
            None,
            "Демалыс күні, есептелмейді: Құрбан айт",
            "Нерабочий день, не считается: Курбан айт",
            "Day off, not counted: Qurban ait",
        )
        assert steps[date(2026, 5, 22)].kk == "Тіркелген күні: есептелмейді"

    def test_a_rolled_deadline_says_that_it_moved(self):
        steps = explain(deadline("REGISTER", date(2026, 3, 21)), CALENDAR)
        assert [step.counts for step in steps] == [None] * 6
        assert steps[-1].en == "The last day fell on a day off; the term moved to this working day"

    @given(DAYS, POLICIES)
    def test_no_line_keeps_a_gap_to_fill(self, start, code):
        texts = [getattr(step, one) for step in explain(deadline(code, start), CALENDAR) for one in LANGUAGES]
        assert all(text and "{" not in text for text in texts)

    def test_another_calendar_is_refused(self):
        old = replace(deadline("APPK_15WD", date(2026, 2, 2)), calendar_version="kz-2025.1")
        with pytest.raises(ValueError, match=r"kz-2025\.1"):
            explain(old, CALENDAR)


class TestDueAt:
    def test_the_due_day_ends_at_its_last_second_in_the_region(self):
        assert due_at(date(2026, 2, 23), "KZ-43") == datetime(2026, 2, 23, 18, 59, 59, tzinfo=UTC)

    def test_before_march_2024_almaty_was_an_hour_further_east(self):
        assert due_at(date(2024, 2, 28), "KZ-75") == datetime(2024, 2, 28, 17, 59, 59, tzinfo=UTC)

    def test_an_unknown_region_is_refused(self):
        with pytest.raises(KeyError):
            due_at(date(2026, 2, 23), "KZ-99")


class TestPolicyForForm:
    def test_every_form_has_a_policy_and_only_the_administrative_complaint_has_twenty_days(self):
        found = {form: policy_for_form(form) for form in taxonomy().forms}
        assert found.pop("ZHALOBA") == "APPK_20WD"
        assert set(found.values()) == {"APPK_15WD"}

    def test_until_a_form_is_known_fifteen_days_hold(self):
        assert policy_for_form(None) == "APPK_15WD"

    def test_an_unknown_form_is_refused(self):
        with pytest.raises(KeyError):
            policy_for_form("LETTER")


class TestPolicies:
    def test_the_table_holds_its_twenty_rules_each_with_a_basis(self):
        assert len(policies()) == 27
        assert all(policy.basis and policy.certainty for policy in policies().values())

    def test_only_the_fifteen_days_and_the_providers_reply_can_be_extended(self):
        assert [code for code, policy in policies().items() if policy.extendable] == ["APPK_15WD", "PROVIDER_REPLY"]

    def test_the_statutory_terms_start_at_registration(self):
        assert policies()["APPK_15WD"].starts_at == policies()["APPK_20WD"].starts_at == "registration"
