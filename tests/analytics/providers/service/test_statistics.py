import pytest
from scipy.stats import chi2

from analytics.providers.service.statistics import Z_95, Z_998, funnel_limits, poisson_limits

LEVELS = [(Z_95, 0.025), (Z_998, 0.001)]


class TestPoissonLimits:
    @pytest.mark.parametrize(("z", "tail"), LEVELS)
    @pytest.mark.parametrize("count", [3, 5, 12, 40, 294])
    def test_they_are_the_exact_ones_within_a_few_per_cent(self, count, z, tail):
        low, high = poisson_limits(count, z)
        assert low == pytest.approx(chi2.ppf(tail, 2 * count) / 2, rel=0.01, abs=0.06)
        assert high == pytest.approx(chi2.ppf(1 - tail, 2 * count + 2) / 2, rel=0.01)

    def test_without_any_there_is_an_upper_limit(self):
        low, high = poisson_limits(0)
        assert low == 0
        assert high == pytest.approx(3.69, abs=0.03)


class TestFunnelLimits:
    @pytest.mark.parametrize(("z", "_tail"), LEVELS)
    @pytest.mark.parametrize("expected", [6, 20, 150.5])
    def test_counts_outside_do_not_have_the_expectation_inside_their_limits(self, expected, z, _tail):
        low, high = funnel_limits(expected, z)
        assert low < expected < high
        assert poisson_limits(high + 0.01, z).low > expected > poisson_limits(high - 0.01, z).low
        assert low < 0 or poisson_limits(low - 0.01, z).high < expected < poisson_limits(low + 0.01, z).high

    def test_no_count_is_too_small_where_little_is_expected(self):
        assert funnel_limits(2, Z_95).low == -1
