"""The policy of the section (`data/peoples_control.toml`)."""

from functools import cache
from typing import Final

from pydantic import Field

from intake.forms.service import definitions as forms
from shared.http import StrictModel
from shared.policy_files import policy_model

FILE: Final = "peoples_control.toml"
FORMS: Final = "web"  # the channel whose forms are offered


class PeoplesControlPolicy(StrictModel):
    """The kinds of appeals that may be left as entries, and the length of a page of the list."""

    kinds: list[str]
    listed: int = Field(ge=1)


@cache
def policy() -> PeoplesControlPolicy:
    """Return the policy of the section. Raises ValueError for a kind without a form, and ReferenceDataError."""
    found = policy_model("intake.channels.peoples_control", FILE, PeoplesControlPolicy)
    if unknown := set(found.kinds) - {service.code for service in forms.services(FORMS)}:
        raise ValueError(f"{FILE}: no form is called {', '.join(sorted(unknown))}")
    return found
