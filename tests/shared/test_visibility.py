from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid, create_engine, insert, select

from shared.auth import ROLES, STAFF, Principal
from shared.visibility import EVERYTHING, NOTHING, UNPROTECTED, Scope, visible_cases, visible_inquiries

REGIONS = [None, "KZ-00", "KZ-43", "KZ-75"]
PROVIDERS = [None, UUID(int=1), UUID(int=2)]
ROWS = list(product(REGIONS, [None, 1, 2, 3], PROVIDERS, [None, "SENSITIVE", "FUND"]))

TABLE = Table(
    "seen",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("region", String),
    Column("tier", Integer),
    Column("provider_id", Uuid),
    Column("protection", String),
)


@pytest.fixture(scope="module")
def connection():
    engine = create_engine("sqlite://")
    with engine.connect() as made:
        TABLE.metadata.create_all(made)
        names = ("region", "tier", "provider_id", "protection")
        made.execute(insert(TABLE), [{"id": n, **dict(zip(names, row, strict=True))} for n, row in enumerate(ROWS)])
        yield made
    engine.dispose()


def principal(*roles, region=None, provider_id=None):
    return Principal("u", "i", frozenset(roles), region, provider_id)


principals = st.builds(
    Principal,
    st.just("u"),
    st.just("i"),
    st.frozensets(st.sampled_from(sorted(ROLES)), max_size=3),
    st.sampled_from(REGIONS),
    st.sampled_from(PROVIDERS),
)


class TestScope:
    @given(who=principals)
    def test_a_query_finds_exactly_the_rows_that_are_allowed(self, connection, who):
        for scope in (visible_cases(who), visible_inquiries(who)):
            query = select(TABLE.c.id).where(scope.where(TABLE.c.region, TABLE.c.tier, TABLE.c.provider_id, TABLE.c.protection))
            found = set(connection.execute(query).scalars())
            assert found == {number for number, row in enumerate(ROWS) if scope.allows(*row)}
            assert bool(found) is (scope != NOTHING)

    def test_the_empty_scope_allows_nothing(self):
        assert not any(NOTHING.allows(*row) for row in ROWS)
        assert all(EVERYTHING.allows(*row) for row in ROWS)


class TestVisibleCases:
    @pytest.mark.parametrize("role", ["specialist", "supervisor", "head"])
    def test_regional_staff_see_their_region_and_nothing_without_one(self, role):
        assert visible_cases(principal(role, region="KZ-43")) == Scope(regions=frozenset({"KZ-43"}))
        assert visible_cases(principal(role)) == NOTHING

    def test_an_operator_without_a_region_sees_all(self):
        assert visible_cases(principal("operator")) == UNPROTECTED
        assert visible_cases(principal("operator", region="KZ-43")) == Scope(regions=frozenset({"KZ-43"}))

    def test_experts_see_tier_3_and_protected_cases_everywhere(self):
        expected = Scope(tiers=frozenset({3}), protected=True, branch="KZ-43", reader="u")
        assert visible_cases(principal("expert", region="KZ-43")) == expected

    def test_an_admin_sees_all(self):
        assert visible_cases(principal("admin")) == Scope(everything=True, protected=True, reader="u")

    @pytest.mark.parametrize("role", sorted(ROLES - STAFF - {"admin"}))
    def test_nobody_else_sees_cases(self, role):
        assert visible_cases(principal(role, region="KZ-43", provider_id=UUID(int=1))) == NOTHING
        assert visible_cases(Principal.anonymous()) == NOTHING

    def test_several_roles_add_up(self):
        found = visible_cases(principal("expert", "head", region="KZ-43"))
        assert found == Scope(regions=frozenset({"KZ-43"}), tiers=frozenset({3}), protected=True, branch="KZ-43", reader="u")


class TestProtectedCases:
    @pytest.mark.parametrize("role", sorted(ROLES))
    @pytest.mark.parametrize("region", REGIONS)
    def test_only_the_roles_of_the_policy_see_them(self, role, region):
        named = role in {"expert", "admin"} or (role in {"supervisor", "head"} and region == "KZ-00")
        scope = visible_cases(principal(role, region=region))
        for tier in (None, 1, 2, 3):
            assert scope.allows("KZ-43", tier, UUID(int=1), "SENSITIVE") is named

    def test_a_complaint_about_the_fund_is_hidden_from_its_own_branch(self):
        expert, central = principal("expert", region="KZ-43"), principal("head", region="KZ-00")
        assert visible_cases(expert).allows("KZ-43", 3, None, "SENSITIVE")
        assert not visible_cases(expert).allows("KZ-43", 3, None, "FUND")
        assert visible_cases(expert).allows("KZ-75", 3, None, "FUND")
        assert visible_cases(central).allows("KZ-43", 3, None, "FUND")
        assert not visible_cases(central).allows("KZ-00", 3, None, "FUND")

    def test_a_provider_still_sees_the_inquiry_that_was_sent_to_it(self):
        scope = visible_inquiries(principal("provider", provider_id=UUID(int=1)))
        assert scope.allows("KZ-43", 3, UUID(int=1), "SENSITIVE")
        assert not scope.allows("KZ-43", 3, UUID(int=2), "SENSITIVE")


class TestVisibleInquiries:
    def test_a_provider_sees_its_own_and_nothing_without_an_id(self):
        assert visible_inquiries(principal("provider", provider_id=UUID(int=1))) == Scope(provider_id=UUID(int=1))
        assert visible_inquiries(principal("provider")) == NOTHING

    def test_a_provider_id_on_another_role_opens_nothing(self):
        assert visible_inquiries(principal("applicant", provider_id=UUID(int=1))) == NOTHING
