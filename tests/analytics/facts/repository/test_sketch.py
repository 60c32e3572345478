import random
from fractions import Fraction
from itertools import pairwise

import pytest
from sqlalchemy import create_engine, literal, select

from analytics.facts.repository import sketch
from analytics.facts.schemas import Quantile

DURATIONS = [0, 1, 31, 32, 33, 63, 64, 65, 1000, 86_400, 1_814_400, 2**28 - 1]


def class_of(seconds):
    with create_engine("sqlite://").connect() as connection:
        return connection.execute(select(sketch.class_of(literal(seconds)))).scalar_one()


class TestClasses:
    @pytest.mark.parametrize("seconds", DURATIONS)
    def test_a_duration_lies_in_its_class_which_is_a_thirty_second_of_it_wide_at_most(self, seconds):
        shortest, width = sketch.span_of(class_of(seconds))
        assert shortest <= seconds < shortest + width
        assert width == 1 or width * 32 <= shortest

    def test_classes_follow_each_other_without_a_gap(self):
        spans = [sketch.span_of(number) for number in range(700)]
        assert all(start + width == following for (start, width), (following, _) in pairwise(spans))

    def test_durations_out_of_range_are_in_the_first_and_the_last_class(self):
        assert (class_of(-5), class_of(2**30)) == (0, class_of(2**28 - 1))


class TestPercentile:
    @pytest.mark.parametrize("per_cent", [50, 90])
    def test_it_is_within_a_class_of_the_exact_percentile(self, per_cent):
        chance = random.Random(7)
        for size in (1, 2, 5, 400):
            durations = sorted(int(chance.lognormvariate(11, 1)) for _ in range(size))
            counts = {}
            for each in durations:
                number = class_of(each)
                counts[number] = counts.get(number, 0) + 1
            position, rest = divmod(per_cent * (size - 1), 100)
            following = durations[min(position + 1, size - 1)]
            exact = Fraction(durations[position] * (100 - rest) + following * rest, 100)
            found = sketch.percentile(counts, per_cent)
            assert found.n == size
            assert abs(Fraction(found.hundredths, 100) - exact) <= exact / 32 + 1

    def test_short_durations_are_exact(self):
        assert sketch.percentile({3: 1, 4: 1}, 50) == Quantile(350, 2)
