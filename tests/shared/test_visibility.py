from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid, create_engine, insert, select

from shared.auth import ROLES, STAFF, Principal
from shared.visibility import EVERYTHING, NOTHING, Scope, visible_cases, visible_inquiries

REGIONS = [None, "KZ-00", "KZ-43", "KZ-75"]
PROVIDERS = [None, UUID(int=1), UUID(int=2)]
ROWS = list(product(REGIONS, [None, 1, 2, 3], PROVIDERS))

TABLE = Table(
    "seen",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("region", String),
    Column("tier", Integer),
    Column("provider_id", Uuid),
)


@pytest.fixture(scope="module")
def connection():
    engine = create_engine("sqlite://")
    with engine.connect() as made:
        TABLE.metadata.create_all(made)
        made.execute(insert(TABLE), [{"id": n, "region": r, "tier": t, "provider_id": p} for n, (r, t, p) in enumerate(ROWS)])
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
            query = select(TABLE.c.id).where(scope.where(TABLE.c.region, TABLE.c.tier, TABLE.c.provider_id))
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
        assert visible_cases(principal("operator")) == EVERYTHING
        assert visible_cases(principal("operator", region="KZ-43")) == Scope(regions=frozenset({"KZ-43"}))

    def test_experts_see_tier_3_everywhere(self):
        assert visible_cases(principal("expert", region="KZ-43")) == Scope(tiers=frozenset({3}))

    def test_an_admin_sees_all(self):
        assert visible_cases(principal("admin")) == EVERYTHING

    @pytest.mark.parametrize("role", sorted(ROLES - STAFF - {"admin"}))
    def test_nobody_else_sees_cases(self, role):
        assert visible_cases(principal(role, region="KZ-43", provider_id=UUID(int=1))) == NOTHING
        assert visible_cases(Principal.anonymous()) == NOTHING

    def test_several_roles_add_up(self):
        assert visible_cases(principal("expert", "head", region="KZ-43")) == Scope(regions=frozenset({"KZ-43"}), tiers=frozenset({3}))


class TestVisibleInquiries:
    def test_a_provider_sees_its_own_and_nothing_without_an_id(self):
        assert visible_inquiries(principal("provider", provider_id=UUID(int=1))) == Scope(provider_id=UUID(int=1))
        assert visible_inquiries(principal("provider")) == NOTHING

    def test_a_provider_id_on_another_role_opens_nothing(self):
        assert visible_inquiries(principal("applicant", provider_id=UUID(int=1))) == NOTHING
