import csv
from pathlib import Path

import pytest

from shared.auth import ROLES
from shared.domain.taxonomy import taxonomy
from shared.web.doors import BOT, PUBLIC, WORK, landing_of, may_open, menu_of, work_of

MATRIX = Path(__file__).parents[3] / "tests" / "security" / "roles.csv"
"""Who gets which answer, as the security tests check it on a running suite."""


def answers(path):
    with MATRIX.open(encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["call"] == f"GET {path}" and not row["variant"])


class TestDoors:
    @pytest.mark.parametrize("door", [*WORK, *PUBLIC], ids=lambda door: door.path)
    def test_a_door_is_offered_to_those_to_whom_its_page_is_open(self, door):
        given = {role for role in ROLES if answers(door.path)[role] == "+"}
        assert given == (door.roles or ROLES)

    @pytest.mark.parametrize("role", sorted(ROLES))
    def test_a_role_lands_where_it_may_be(self, role):
        assert may_open(landing_of(role), frozenset({role}))
        assert all(may_open(door.path, frozenset({role})) for door in (*menu_of(frozenset({role})), *work_of(frozenset({role}))))

    def test_without_a_role_the_public_pages_are_offered(self):
        assert landing_of(None) == "/"
        assert [door.path for door in menu_of(frozenset())] == ["/", *(door.path for door in PUBLIC if not door.is_seldom)]

    @pytest.mark.parametrize(
        ("path", "role", "expected"),
        [
            ("/routing/desk/0190", "specialist", True),
            ("/routing/desk/0190", "analyst", False),
            ("/intake/outgoing/by-hand/1", "specialist", True),
            ("/intake/outgoing/1", "specialist", False),
            ("/intake/", "applicant", True),
        ],
    )
    def test_a_page_below_a_door_is_open_to_the_same_roles(self, path, role, expected):
        assert may_open(path, frozenset({role})) is expected

    def test_the_bot_is_that_of_the_channels(self):
        assert BOT.rpartition("/")[2] == (taxonomy().channels["TELEGRAM"].endpoint or "").removeprefix("@")
