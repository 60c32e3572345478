"""The first half of 2021 of the whole country, as published: all its complaints, and a part of its other appeals.

`ARYZ_TEST_FACTS=474708` counts all of them.
"""

import os
from itertools import islice

import pytest
from sqlalchemy import insert

from analytics.facts.models import fact
from tests.analytics.reports.conftest import cells_of, document_of, texts_of
from tests.analytics.reports.statistics import facts_of
from tests.published_registers import COUNTRY_2021_H1

PART = 40  # of the appeals that are no complaints
PAGE = 10_000  # rows of a statement


@pytest.fixture
def register():
    """The published half-year, or all its complaints with a part of its other appeals."""
    if int(os.environ.get("ARYZ_TEST_FACTS", "0")) >= COUNTRY_2021_H1.received:
        return COUNTRY_2021_H1
    others = {subject: count // PART for subject, count in COUNTRY_2021_H1.others.items()}
    received = COUNTRY_2021_H1.complaints + sum(others.values())
    channels = {code: count * received // COUNTRY_2021_H1.received for code, count in COUNTRY_2021_H1.channels.items()}
    channels["CALL_1406"] += received - sum(channels.values())
    return COUNTRY_2021_H1._replace(others=others, channels=channels)


def spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


async def test_the_report_of_the_country_has_the_published_counts(world, register):
    rows = facts_of(register)
    while page := list(islice(rows, PAGE)):
        async with world.parts.database.write() as session:
            await session.execute(insert(fact), page)
    document = await document_of(world, "ru", "KZ", "2021-H1")
    text = texts_of(document)
    assert (
        f"В первом полугодии 2021 года в Фонд социального медицинского страхования со всей страны поступило {spaced(register.received)}"
        in text
    )
    assert "Жалоб среди них – 6 552" in text
    reasons = cells_of(document, "Причины жалоб")
    assert [reasons[name] for name in list(reasons)[:6]] == [
        ("1 835", "28,0 %"), ("1 723", "26,3 %"), ("688", "10,5 %"), ("459", "7,0 %"), ("432", "6,6 %"), ("1 415", "21,6 %"),
    ]  # fmt: skip
    channels = {cells[0] for cells in cells_of(document, "Каналы").values()}
    assert {spaced(count) for count in register.channels.values()} <= channels
    assert "Противоречий нет." in text
    assert len(cells_of(document, "Обращения по регионам")) == len(register.regions) + 1
