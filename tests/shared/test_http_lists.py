"""Cursors return exactly the values that were encoded, and pages of complete lists."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.http import Cursor, keyset_page, page_of

ID = UUID(int=7)


class TestCursor:
    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50), st.integers(-(2**63), 2**63 - 1))
    def test_a_cursor_gives_back_what_was_put_in(self, text, number):
        assert Cursor.decode(Cursor.encode(text, number), str, int) == (text, number)

    @given(st.text(max_size=80))
    def test_any_other_text_is_a_bad_cursor(self, text):
        with pytest.raises(InvalidInput):
            Cursor.decode(text, UUID)

    @given(st.datetimes(timezones=st.timezones()), st.uuids())
    def test_a_time_comes_back_in_utc_and_an_id_as_an_id(self, moment, identifier):
        try:
            expected = moment.astimezone(UTC)
        except OverflowError:
            with pytest.raises(InvalidInput):
                Cursor.decode(Cursor.encode(moment.isoformat(), identifier), datetime, UUID)
        else:
            assert Cursor.decode(Cursor.encode(moment.isoformat(), identifier), datetime, UUID) == (expected, identifier)

    @pytest.mark.parametrize(
        "values",
        [
            ("2026-01-01T00:00:00", str(ID)),  # in no zone
            ("2026-01-01", str(ID)),
            ("0001-01-01T00:00:00+14:00", str(ID)),  # before the first year in UTC
            ("9999-12-31T23:59:59-14:00", str(ID)),
            ("2026-01-01T00:00:00Z", "1"),
            (1, str(ID)),
            ("2026-01-01T00:00:00Z", 1),
        ],
    )
    def test_what_is_no_time_or_no_id_is_a_bad_cursor(self, values):
        with pytest.raises(InvalidInput):
            Cursor.decode(Cursor.encode(*values), datetime, UUID)


class TestPageOf:
    def test_pages_hold_together(self):
        whole, found, cursor = list(range(7)), [], None
        for _ in range(3):
            page, cursor = page_of(whole, 3, cursor)
            found += page
        assert (found, cursor) == (whole, None)

    def test_behind_the_end_there_is_nothing(self):
        assert page_of([1, 2], 3, Cursor.encode(2)) == ([], None)

    @pytest.mark.parametrize("cursor", ["x", Cursor.encode(-1), Cursor.encode("1")])
    def test_a_foreign_cursor_is_refused(self, cursor):
        with pytest.raises(InvalidInput):
            page_of([1, 2], 3, cursor)


class TestKeysetPage:
    def test_the_extra_row_gives_the_cursor_of_the_last_row_shown(self):
        page = keyset_page([9, 8, 7], 2, 5, item=str, key=lambda row: row)
        assert (page.items, page.total) == (["9", "8"], 5)
        assert Cursor.decode(page.next_cursor, int) == (8,)

    def test_without_an_extra_row_there_is_no_next_page(self):
        assert keyset_page([7], 2, 3, item=str, key=lambda row: row).next_cursor is None
        assert keyset_page([], 2, 0, item=str, key=lambda row: row).items == []
