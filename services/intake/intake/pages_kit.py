"""The pages of intake: templates, catalogs and static files of every slice, and the redirect to sign in."""

from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse

from shared.errors import TooMany
from shared.web.i18n import N_
from shared.web.pages import Flash, Pages

HERE: Final = Path(__file__).parent

PAGES: Final = Pages(
    *sorted(HERE.rglob("templates")),  # template names are unique within intake
    locale_dirs=[HERE / "locales"],
    static_dirs=sorted(HERE.rglob("static")),
    assets_prefix="/intake/static",
    flashes={
        "consultation-closed": Flash(N_("The consultation is closed and counted.")),
        "article-gone": Flash(N_("This ready answer was withdrawn a moment ago. Close the question by its topic."), "warn"),
        "closed-before": Flash(N_("This consultation is closed already, by the key that was pressed first."), "warn"),
        "closing-undone": Flash(N_("The consultation is taken back. Nothing was registered.")),
        "closing-done": Flash(N_("Too late to undo: the consultation is closed and counted."), "warn"),
        "incident-announced": Flash(N_("The incident is announced. Operators see it now.")),
        "incident-known": Flash(N_("This incident is announced already. Write a new announcement for another one."), "warn"),
        "incident-ended": Flash(N_("The incident is over. Operators see it no more.")),
        "incident-over": Flash(N_("This incident is over already."), "warn"),
        "outcome-noted": Flash(N_("What the caller says of the answer is noted.")),
        "outcome-known": Flash(N_("There is no answer that waits for the caller's word."), "warn"),
        "verified": Flash(N_("The caller is verified.")),
        "open-import-undone": Flash(N_("The import is being undone: what nobody has worked on is removed.")),
        "open-import-undone-before": Flash(N_("This import was undone before."), "warn"),
        "withdrawal-confirmed": Flash(N_("The appeal is withdrawn. The applicant sees it on the page of the appeal.")),
        "withdrawal-dismissed": Flash(N_("The consideration continues. The applicant sees it on the page of the appeal.")),
        "withdrawal-settled": Flash(N_("This withdrawal is settled already: a colleague called, or the appeal was answered."), "warn"),
        "consent-withdrawn": Flash(N_("The consent is withdrawn. The organisation is notified, and the applicant sees it.")),
        "consent-none": Flash(N_("There is no consent to withdraw."), "warn"),
        "question-answered": Flash(N_("The answer is noted. The applicant sees it on the page of the appeal.")),
        "question-unreached": Flash(N_("The attempt is noted. Try again later.")),
        "question-settled": Flash(N_("This question is answered already."), "warn"),
        "notice-resent": Flash(N_("The message is planned again. It leaves at the next permitted time.")),
        "notice-not-failed": Flash(N_("Nothing to do: this message is on its way or has arrived."), "warn"),
        "call-back-taken": Flash(N_("A colleague is calling back already."), "warn"),
    },
)


def to_sign_in(request: Request) -> RedirectResponse:
    """Redirect to the sign-in page, which returns to the requested page."""
    return RedirectResponse("/sign-in?" + urlencode({"next": request.scope["path"]}), 303)


def wait_of(refusal: TooMany) -> int:
    """Return the whole seconds until the next attempt is allowed."""
    return int(refusal.headers["Retry-After"])
