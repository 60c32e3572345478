"""The card of a protected case: the ground, to whom it is passed on, and the proofs that it arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from routing.cases import service as cases
from routing.cases.schemas.views import CaseView
from routing.desk.pages.reader import DeskReader
from shared.domain.protection import protection_grounds

Option = tuple[str, str]
"""A code and its label."""


@dataclass(frozen=True, slots=True)
class ProvedDelivery:
    """A proof that a body received the appeal."""

    body: str
    method: str
    delivered_on: date
    reference: str


@dataclass(frozen=True, slots=True)
class ProtectionCard:
    """What the page shows of the protection. `ground`: empty for a case that is not protected.

    `bodies`: those to which the policy passes the ground on. `unproved`: the body whose receipt nothing proves yet.
    """

    ground: str
    bodies: Sequence[str]
    unproved: str
    proofs: Sequence[ProvedDelivery]
    grounds: Sequence[Option]
    methods: Sequence[Option]


def protection_card(case: CaseView, reader: DeskReader) -> ProtectionCard:
    """Return the card of a case."""
    bodies, methods = cases.bodies(), cases.body_delivery_methods()
    grounds = protection_grounds()
    receivers = cases.protected_bodies()[case.protection_ground] if case.protection_ground else ()
    return ProtectionCard(
        ground=reader.label(grounds[case.protection_ground].label) if case.protection_ground else "",
        bodies=[reader.label(bodies[code].label) for code in receivers],
        unproved=reader.label(bodies[case.unproved_body].label) if case.unproved_body else "",
        proofs=[
            ProvedDelivery(reader.label(bodies[each.body].label), reader.label(methods[each.method]), each.delivered_on, each.reference)
            for each in case.deliveries
        ],
        grounds=[(code, reader.label(ground.label)) for code, ground in grounds.items()],
        methods=[(code, reader.label(label)) for code, label in methods.items()],
    )
