"""On a socket for both families IPv4 clients come as IPv6 addresses: one of them must not use up the limits of all."""

import pytest

from shared.budget import Budget, client_network
from shared.clock import SystemClock
from shared.errors import TooMany


def test_ipv4_clients_of_a_socket_for_both_families_have_budgets_of_their_own() -> None:
    budget = Budget(1, SystemClock())
    budget.spend("::ffff:192.0.2.1")
    budget.spend("::ffff:192.0.2.2")
    with pytest.raises(TooMany):
        budget.spend("192.0.2.1")


def test_ipv6_clients_of_one_network_are_one_client() -> None:
    assert client_network("2001:db8::1") == client_network("2001:db8::2") != client_network("2001:db8:0:1::1")
