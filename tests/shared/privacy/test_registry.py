"""Every column that can hold text of people is in the registry of personal data, or in the list of columns that hold codes alone."""

import importlib
import pkgutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Boolean, Date, DateTime, Integer, LargeBinary, Numeric, Uuid
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

from shared.messaging import tables
from shared.privacy import EVERY_SERVICE, REGISTRY, Protection
from shared.privacy.__main__ import page
from shared.privacy.codes import CODE_COLUMNS, CODE_FIELDS

PACKAGES = {"intake": "intake", "routing": "routing", "provider-contact": "provider_contact", "analytics": "analytics"}
HOLD_NO_TEXT = (Boolean, Date, DateTime, Integer, Numeric, Uuid)
PAGE = Path(__file__).parents[3] / "docs/privacy.md"


def model_modules(package):
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if "models" in found.name.split("."):
            yield importlib.import_module(found.name)


def metadata_of(package):
    """The metadata of a service, complete: every module of models is imported."""
    modules = list(model_modules(package))
    assert modules
    [metadata] = {each.metadata for each in SQLModel.__subclasses__() if each.__module__.split(".")[0] == package}
    return metadata


def columns():
    services = {service: metadata_of(package) for service, package in PACKAGES.items()} | {EVERY_SERVICE: tables.metadata}
    return {
        (service, table.name, column.name): column.type
        for service, metadata in services.items()
        for table in metadata.sorted_tables
        for column in table.columns
    }


def can_hold_text(kind):
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return not isinstance(kind, HOLD_NO_TEXT)


@pytest.fixture(scope="module", name="columns")
def _columns():
    return columns()


REGISTERED = {(field.service, field.table, field.column): field for field in REGISTRY}


class TestRegistry:
    def test_every_column_of_text_is_registered_or_holds_codes(self, columns):
        text = {key for key, kind in columns.items() if can_hold_text(kind)}
        assert len(text) > 200
        named = {key for key in text if key[2] in CODE_COLUMNS and not isinstance(columns[key], LargeBinary)}
        unknown = text - set(REGISTERED) - set(CODE_FIELDS) - named
        assert unknown == set(), "say in shared/privacy what these columns hold"

    def test_it_names_no_column_that_is_not_there(self, columns):
        assert set(REGISTERED) - set(columns) == set()
        assert set(CODE_FIELDS) - set(columns) == set()
        assert set(CODE_COLUMNS) - {column for _, _, column in columns} == set()

    def test_no_column_is_listed_twice(self):
        counts = Counter((field.service, field.table, field.column) for field in REGISTRY)
        assert {key for key, count in counts.items() if count > 1} == set()
        assert set(REGISTERED) & set(CODE_FIELDS) == set()
        assert {key for key in CODE_FIELDS if key[2] in CODE_COLUMNS} == set()

    def test_sealed_and_hashed_columns_are_binary(self, columns):
        protected = {key for key, field in REGISTERED.items() if field.protection is not Protection.PLAIN}
        assert {key for key in protected if not isinstance(columns[key], LargeBinary)} == set()

    def test_every_row_says_everything(self):
        for key, field in REGISTERED.items():
            assert all((field.content, field.retention, field.export, field.erasure)), key
            assert bool(field.reason) == (field.protection is Protection.PLAIN), key


class TestPage:
    def test_the_page_is_the_registry(self):
        assert PAGE.read_text() == page(), "run `make privacy`"
