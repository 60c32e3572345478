"""The periodic jobs of intake's worker, in addition to relaying and consuming events."""

from collections.abc import Sequence
from datetime import timedelta

from intake.assembly import build_intake, delivery_methods
from intake.attachments.dependencies.uploads import Uploads
from intake.channels.partner import jobs as partner
from intake.channels.phone.jobs import ConsultationFiler
from intake.channels.phone.service import calls
from intake.channels.telegram import jobs as telegram
from intake.notifications.service.dispatch import Dispatcher
from intake.ratings import jobs as ratings
from intake.register import jobs as register
from intake.settings import THIS_MACHINE, Settings
from intake.suggestions import jobs as suggestions
from shared.messaging.runtime import Loop, every, finish
from shared.service import Parts


def jobs(parts: Parts[Settings]) -> Sequence[Loop]:
    settings = parts.settings
    uploads = Uploads.build(parts, settings)
    address = settings.public_url or THIS_MACHINE
    dispatcher = Dispatcher(parts, delivery_methods(parts, settings), address, quiet_hours=settings.quiet_hours)

    async def send_notifications() -> None:
        while await finish(dispatcher.run_once()):
            pass

    consultations = ConsultationFiler(parts.units, build_intake(parts, settings))

    async def publish_calls() -> None:
        published = calls.PUBLISH_BATCH
        while published == calls.PUBLISH_BATCH:
            async with parts.units.write() as work:
                published = await calls.publish_ended_calls(work)

    async def purge_calls() -> None:
        async with parts.units.write() as work:
            await calls.purge(work)

    return [
        every(timedelta(seconds=5), "scan-attachments", uploads.scans.run),
        every(timedelta(hours=1), "purge-uploads", uploads.purge_unclaimed),
        every(timedelta(seconds=1), "send-notifications", send_notifications),
        every(timedelta(hours=1), "purge-replies", dispatcher.purge),
        every(timedelta(seconds=1), "file-consultations", consultations.run),
        every(timedelta(seconds=5), "publish-calls", publish_calls),
        every(timedelta(hours=1), "purge-calls", purge_calls),
        *register.loops(parts),
        *ratings.loops(parts),
        *suggestions.loops(parts),
        *partner.loops(parts),
        *telegram.loops(build_intake(parts, settings), settings),
    ]
