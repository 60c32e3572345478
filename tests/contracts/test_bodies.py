"""Intake names bodies by routing's codes, and neither imports the other."""

from intake.channels.partner.policy import subjects_of_bodies
from routing.cases.policy import bodies


def test_a_partner_speaks_for_bodies_that_the_desk_knows_and_can_send_something_to():
    known = {code for code, body in bodies().items() if body.forwards or body.redirects}
    assert subjects_of_bodies().keys() <= known
