"""A call that staff record is the delivery of the notices that wait for a call."""

from provider_contact.deliveries.service import recording
from provider_contact.inquiries.schemas import commands
from provider_contact.inquiries.service import ActionContext, ActionHandler, carrying_out


async def _record_call(context: ActionContext, command: commands.RecordCall) -> None:
    await carrying_out.record_call(context, command)
    await recording.record_call(context.work, context.inquiry.inquiry_id)


RECORD_CALL = ActionHandler(commands.RecordCall, _record_call)
"""Takes the place of the handler of inquiries."""
