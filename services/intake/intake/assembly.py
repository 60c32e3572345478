"""How intake's parts are put together: the register with its ports filled, and the delivery methods of notifications."""

from collections.abc import Mapping

from intake.attachments.service.storing import attached_files
from intake.channels.counter import policy as counter_policy
from intake.channels.partner import policy as partner_policy
from intake.channels.partner.service import external_numbers
from intake.channels.peoples_control import policy as peoples_control_policy
from intake.channels.phone import policy as phone_policy
from intake.channels.telegram.jobs import ChatNotificationSender
from intake.forms.service import definitions
from intake.notifications.codes import DeliveryMethod
from intake.notifications.service.delivery_methods import senders
from intake.notifications.service.planning import plan_pin_notices, plan_receipt, send_code
from intake.ratings.service import check_policies as check_ratings
from intake.register.dependencies import Intake
from intake.settings import Settings
from intake.suggestions.service import check_policies as check_suggestions
from intake.suggestions.service import shown_before
from shared.domain.provider_names import check_name_search
from shared.language.detectors import detectors
from shared.outgoing.senders import NotificationSender
from shared.service import Parts


def check_policies() -> None:
    """Read every policy file and the detectors once. Raises ReferenceDataError or ValueError for one that cannot be trusted."""
    phone_policy.check()
    partner_policy.check()
    counter_policy.intake_methods()
    peoples_control_policy.policy()
    definitions.channels()
    check_ratings()
    check_suggestions()
    check_name_search()
    detectors()


def build_intake(parts: Parts[Settings], settings: Settings) -> Intake:
    """Return the register of this process with its ports filled."""
    return Intake.build(
        parts,
        settings,
        external_numbers=external_numbers,
        list_files=attached_files,
        list_shown=shown_before,
        send_code=send_code,
        plan_receipt=plan_receipt,
        plan_pin_notices=plan_pin_notices,
    )


def delivery_methods(parts: Parts, settings: Settings) -> Mapping[DeliveryMethod, NotificationSender]:
    """Return the senders of notifications by channel. Raises MissingSetting."""
    found = dict(senders(settings, parts.sealer, parts.clock))
    if settings.telegram_token is not None:
        found[DeliveryMethod.TELEGRAM] = ChatNotificationSender(parts.units)
    return found
