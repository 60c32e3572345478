"""The services' own fixtures, for attacks on them."""

from tests.intake.conftest import desk, neighbour, start, start_on  # noqa: F401 - fixtures
