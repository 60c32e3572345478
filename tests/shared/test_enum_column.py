from enum import StrEnum

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select, text

from shared.enum_column import EnumColumn


class Colour(StrEnum):
    RED = "red"


TABLE = Table("painted", MetaData(), Column("id", Integer, primary_key=True), Column("colour", EnumColumn(Colour)))


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    with engine.connect() as made:
        TABLE.metadata.create_all(made)
        yield made
    engine.dispose()


class TestEnumColumn:
    def test_a_member_is_stored_as_its_code_and_read_as_a_member(self, connection):
        connection.execute(insert(TABLE), [{"id": 1, "colour": Colour.RED}, {"id": 2, "colour": None}])
        assert connection.execute(text("SELECT colour FROM painted ORDER BY id")).scalars().all() == ["red", None]
        red, none = connection.execute(select(TABLE.c.colour).order_by(TABLE.c.id)).scalars()
        assert (red is Colour.RED, none) == (True, None)

    def test_rows_are_found_by_a_member_and_by_its_code(self, connection):
        connection.execute(insert(TABLE), [{"id": 1, "colour": "red"}])
        for value in (Colour.RED, "red"):
            assert connection.execute(select(TABLE.c.id).where(TABLE.c.colour == value)).scalars().all() == [1]

    def test_a_code_of_no_member_is_not_read(self, connection):
        connection.execute(text("INSERT INTO painted (id, colour) VALUES (1, 'blue')"))
        with pytest.raises(ValueError, match="blue"):
            connection.execute(select(TABLE.c.colour)).scalars().all()
