"""The pages that people open from menus: who may open each, and where each role lands after signing in.

A page that is not open to the reader is not offered: neither in the menu of the top bar nor on the home page.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from shared.auth import Role
from shared.web.i18n import N_

HOME: Final = "/"
APP: Final = "https://play.google.com/store/search?q=Qoldau%2024%2F7&c=apps"
"""Where the mobile application is found: the store's own search, because its address in the store is not known."""
BOT: Final = "https://t.me/SaqtandyryBot"
"""The Telegram bot of `channels.csv`."""


class Door(NamedTuple):
    """A page with its name in menus and a line about its use.

    `roles`: who may open it; empty for everybody. `is_seldom`: it is not in the top bar.
    """

    path: str
    name: str
    use: str
    roles: frozenset[Role] = frozenset()
    is_seldom: bool = False

    def covers(self, path: str) -> bool:
        """Return whether a path is this page or below it. A door with a trailing slash is a page, and covers no path below it."""
        return path == self.path or (not self.path.endswith("/") and path.startswith(self.path + "/"))


WORK: Final = (
    Door(
        "/intake/call",
        N_("Calls to 1414"),
        N_("Calls, consultations, oral appeals, call-backs"),
        frozenset({"operator"}),
    ),
    Door(
        "/intake/call-backs",
        N_("To be called back"),
        N_("Callers who asked for it or gave up waiting"),
        frozenset({"operator"}),
        is_seldom=True,
    ),
    Door(
        "/routing/desk",
        N_("The desk"),
        N_("Queue, case, clocks, answer"),
        frozenset({"operator", "specialist", "expert", "supervisor", "head", "admin"}),
    ),
    Door("/routing/desk/team", N_("Team"), N_("Open and overdue cases by colleague, absences"), frozenset({"supervisor", "head"})),
    Door("/routing/desk/users", N_("Users"), N_("Who has used the desk"), frozenset({"admin"})),
    Door(
        "/provider-contact/portal",
        N_("Inquiries of the Fund"),
        N_("What the Fund asks your organisation, by deadline; colleagues, figures"),
        frozenset({"provider"}),
    ),
    Door(
        "/intake/counter",
        N_("Counter"),
        N_("Letters, visits, patient support services; the talon"),
        frozenset({"operator", "specialist", "supervisor", "head", "provider"}),
    ),
    Door(
        "/intake/outgoing/by-hand",
        N_("Letters and calls"),
        N_("Applicants who can only be reached by letter or call"),
        frozenset({"operator", "specialist", "expert", "supervisor", "head", "admin"}),
        is_seldom=True,
    ),
    Door(
        "/intake/questions",
        N_("Questions by phone"),
        N_("Applicants whom no message reached: is it solved, was the promise kept?"),
        frozenset({"operator", "specialist", "supervisor", "head"}),
        is_seldom=True,
    ),
    Door(
        "/intake/incidents",
        N_("Mass incidents"),
        N_("Announce to the operators what many people call about"),
        frozenset({"supervisor", "head", "admin"}),
        is_seldom=True,
    ),
    Door(
        "/intake/withdrawals",
        N_("Withdrawals to check"),
        N_("Calls to applicants before their appeals are withdrawn"),
        frozenset({"specialist", "supervisor", "head", "admin"}),
        is_seldom=True,
    ),
    Door(
        "/provider-contact/checks",
        N_("Calls about solutions"),
        N_("Applicants who confirmed a solution or withdrew: was it their own free word?"),
        frozenset({"operator", "specialist", "expert", "supervisor", "head", "admin"}),
        is_seldom=True,
    ),
    Door(
        "/provider-contact/matches",
        N_("Unclear organisations"),
        N_("Organisations that applicants named and no rule could find"),
        frozenset({"operator", "specialist", "expert", "supervisor", "head", "admin"}),
        is_seldom=True,
    ),
    Door(
        "/provider-contact/directory",
        N_("Providers"),
        N_("Names, contacts and doctors of the organisations; imports"),
        frozenset({"admin", "supervisor", "head"}),
    ),
    Door(
        "/routing/knowledge",
        N_("Articles"),
        N_("Ready answers: write, review, publish"),
        frozenset({"supervisor", "head", "admin"}),
        is_seldom=True,
    ),
    Door(
        "/analytics/reports",
        N_("Reports"),
        N_("On a region and a period, in Kazakh and Russian"),
        frozenset({"analyst", "supervisor", "head", "admin"}),
        is_seldom=True,
    ),
    Door(
        "/analytics/reconcile",
        N_("Check a statistic"),
        N_("Sums, shares and changes of a press release"),
        frozenset({"analyst", "supervisor", "head"}),
        is_seldom=True,
    ),
    Door(
        "/intake/imports",
        N_("Former register"),
        N_("Take over its open appeals, or undo that"),
        frozenset({"admin"}),
        is_seldom=True,
    ),
    Door("/intake/outgoing", N_("Outgoing notices"), N_("What was sent, and what could not be"), frozenset({"admin"}), is_seldom=True),
    Door("/intake/parked", N_("Parked events"), N_("Events that a service could not apply"), frozenset({"admin"}), is_seldom=True),
)
"""Pages of those who work here."""

FIGURES: Final = Door("/analytics/dashboard", N_("Figures"), N_("Figures by day, region and reason"))
PUBLIC: Final = (
    Door("/intake/", N_("File an appeal"), N_("From a phone in a minute; no registration.")),
    Door("/intake/track", N_("Track"), N_("Number and PIN are on the receipt")),
    Door(
        "/intake/peoples-control", N_("People's control"), N_("Everybody sees that an entry was answered; its text and author are hidden.")
    ),
    Door("/intake/rate", N_("Rate an organisation"), N_("One tap, once a month; no appeal is needed"), is_seldom=True),
    Door("/provider-contact/ratings", N_("Ratings"), N_("How residents rate medical organisations, by month"), is_seldom=True),
    FIGURES,
)
"""Pages of citizens. Those that are opened seldom stand on the home page alone."""

_LANDINGS: Final[Mapping[Role, str]] = {
    "operator": "/intake/call",
    "specialist": "/routing/desk",
    "expert": "/routing/desk",
    "supervisor": "/routing/desk",
    "head": "/routing/desk",
    "admin": "/routing/desk",
    "provider": "/provider-contact/portal",
    "analyst": "/analytics/dashboard",
}


def work_of(roles: frozenset[Role]) -> Sequence[Door]:
    """Return the pages that a person with these roles works on, the usual first. Empty for citizens."""
    own = [door for door in WORK if door.roles & roles]
    return [*own, FIGURES] if own or "analyst" in roles else []


def menu_of(roles: frozenset[Role]) -> Sequence[Door]:
    """Return the entries of the top bar: the work of those who work here, or the home page and the public pages for everybody else.

    The bar has one row, so pages that are opened seldom stand on the home page alone, to which the mark leads.
    """
    return [door for door in work_of(roles) if not door.is_seldom] or [
        Door(HOME, N_("Home"), ""),
        *(door for door in PUBLIC if not door.is_seldom),
    ]


def landing_of(role: Role | None) -> str:
    """Return the page that a role sees after signing in."""
    return _LANDINGS.get(role, HOME) if role else HOME


def may_open(path: str, roles: frozenset[Role]) -> bool:
    """Return whether the reader may open a path. Only the doors are known: any other path counts as open."""
    door = max((door for door in WORK if door.covers(path)), key=lambda door: len(door.path), default=None)
    return door is None or bool(door.roles & roles)
