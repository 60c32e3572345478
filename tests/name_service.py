"""A name service for tests: names of webhooks stand for the addresses that a test chooses."""

import pytest

from shared.outgoing import addresses


@pytest.fixture
def stands_for(monkeypatch):
    """Names stand for these addresses; with several lists each resolution uses the next one."""

    def choose(*found):
        lists = list(found)

        async def resolve(_host, _port):
            return lists.pop(0) if len(lists) > 1 else lists[0]

        monkeypatch.setattr(addresses, "resolve", resolve)

    return choose
