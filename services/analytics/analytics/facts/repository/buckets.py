"""Codes that parts of a figure are counted under: days, weeks, months and quarters, and the roots of categories."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, func, literal_column
from sqlalchemy import cast as sql_cast

from analytics.facts.schemas import Group
from shared.domain.taxonomy import taxonomy


def bucket(group: Group, day: ColumnElement[Any], *, is_sqlite: bool) -> ColumnElement[Any]:
    """Return the code of the day (`2025-01-31`), of its week (its Monday), month (`2025-01`) or quarter (`2025-Q1`), as text."""
    return (_in_sqlite if is_sqlite else _in_postgres)(group, day)


def time_code(group: Group, day: date) -> str:
    """Return what `bucket` returns for a known day."""
    if group is Group.WEEK:
        return (day - timedelta(days=day.weekday())).isoformat()
    if group is Group.QUARTER:
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return day.isoformat()[: len("2025-01")] if group is Group.MONTH else day.isoformat()


def _in_sqlite(group: Group, day: ColumnElement[Any]) -> ColumnElement[Any]:
    if group is Group.WEEK:
        return func.date(day, _literal("weekday 0"), _literal("-6 days"))
    if group is Group.QUARTER:
        number = (sql_cast(func.strftime(_literal("%m"), day), Integer) + 2) // 3
        return func.strftime(_literal("%Y-Q"), day).concat(sql_cast(number, String))
    return func.strftime(_literal("%Y-%m" if group is Group.MONTH else "%Y-%m-%d"), day)


def _in_postgres(group: Group, day: ColumnElement[Any]) -> ColumnElement[Any]:
    formats = {Group.MONTH: "YYYY-MM", Group.QUARTER: 'YYYY-"Q"Q'}
    start = func.date_trunc(_literal("week"), day) if group is Group.WEEK else day
    return func.to_char(start, _literal(formats.get(group, "YYYY-MM-DD")))


def _literal(value: str) -> ColumnElement[str]:
    """Return a text as part of the statement: two parameters with equal values are different expressions to PostgreSQL."""
    return literal_column(f"'{value}'")


def category_and_below(code: str) -> list[str]:
    """Return the code of a category and those of the categories below it."""
    return [code, *(each.code for each in taxonomy().categories.values() if each.parent == code)]


def root_of_category(code: str) -> str:
    """Return the code of the category above, or the code itself if there is none."""
    known = taxonomy().categories.get(code)
    return code if known is None or not known.parent else known.parent
