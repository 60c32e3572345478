"""The owners of quotas of unclaimed files."""

from typing import Final

from shared.auth import Principal
from shared.budget import client_network
from shared.sealing import Pepper

FOR_MANY: Final = ("channel", "operator", "partner")
"""Roles that file for others: one of their tokens uploads the files of many people."""


def owner_of(pepper: Pepper, sender: Principal, address: str) -> bytes | None:
    """Return the key of the sender's quota, by the token's subject or else the network; None for a role that files for many people."""
    if sender.has(*FOR_MANY):
        return None
    who = client_network(address) if sender.is_anonymous else sender.identity
    return pepper.keyed_hmac("upload-owner", who.encode())
