"""Dependencies of intake's routes: one object per process with the register, its limits and its ports."""

from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from typing import Annotated, Self
from uuid import UUID

from fastapi import Depends, Header, Request

from intake.register.dependencies.actions import ApplicantActions
from intake.register.dependencies.opening import AppealOpener
from intake.register.dependencies.recovery import PinRecovery
from intake.register.schemas import AppealIn
from intake.register.service import rights
from intake.register.service.admission import Admission
from intake.register.service.filing import check
from intake.register.service.guessing import Guesses
from intake.register.service.ports import ExternalNumbers, ListFiles, ListShown, PlanPinNotices, PlanReceipt, SendCode
from intake.register.service.registration import Condition, Register, RegistrationReceipt, all_conditions, sender_key
from intake.register.service.verification import CODE_CHANNELS
from intake.settings import Settings
from shared.auth import Principal
from shared.budget import Budget
from shared.client_address import Network, client_address
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

OPERATION = "POST appeals"
ANONYMOUS = "anonymous"

AppealPin = Annotated[str | None, Header(alias="Appeal-Pin", description="The eight digits given at registration.")]


@dataclass(frozen=True)
class Intake:
    """The register of one process, with its rate limits. Pages, routes and workers share it."""

    parts: Parts[Settings]
    register: Register
    guesses: Guesses
    opener: AppealOpener
    actions: ApplicantActions
    recovery: PinRecovery
    anonymous: Budget
    uploads: Budget
    previews: Budget
    self_service: Budget
    partners: Budget
    proxies: tuple[Network, ...]
    public_url: str | None
    """Where citizens reach the pages; None: under the address by which a page is read."""
    list_files: ListFiles
    list_shown: ListShown
    plan_receipt: PlanReceipt
    send_code: SendCode

    @classmethod
    def build(
        cls,
        parts: Parts[Settings],
        settings: Settings,
        *,
        external_numbers: ExternalNumbers,
        list_files: ListFiles,
        list_shown: ListShown,
        send_code: SendCode,
        plan_receipt: PlanReceipt,
        plan_pin_notices: PlanPinNotices,
    ) -> Self:
        """Raises ReferenceDataError or ValueError for a policy file that cannot be trusted."""
        rights.check()
        units, pepper = parts.units, parts.pepper
        register = Register(units, parts.idempotency, external_numbers, ids=parts.ids, sealer=parts.sealer, pepper=pepper)
        parts.last_steps.append(register.drain)
        guesses = Guesses(pepper, settings, parts.metrics)
        return cls(
            parts=parts,
            register=register,
            guesses=guesses,
            opener=AppealOpener(units, guesses, parts.contents, list_files, pepper),
            actions=ApplicantActions(units, parts.idempotency, register, send_code, plan_receipt),
            recovery=PinRecovery(units, guesses, send_code, plan_pin_notices),
            anonymous=Budget(settings.anonymous_per_minute, parts.clock),
            uploads=Budget(settings.uploads_per_minute, parts.clock),
            previews=Budget(settings.previews_per_minute, parts.clock),
            self_service=Budget(settings.self_service_per_minute, parts.clock),
            partners=Budget(settings.partner_per_minute, parts.clock),
            proxies=tuple(ip_network(proxy) for proxy in settings.trusted_proxies),
            public_url=settings.public_url,
            list_files=list_files,
            list_shown=list_shown,
            plan_receipt=plan_receipt,
            send_code=send_code,
        )

    def address(self, request: Request) -> str:
        return client_address(request, self.proxies)

    def origin(self, request: Request) -> str:
        """Return where citizens reach the pages: the setting, or the address of the request."""
        return self.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def spend(self, principal: Principal) -> None:
        """Count one call of a partner; other callers have no limit here. Raises TooMany."""
        if principal.has("partner"):
            self.partners.spend(sender_key(self.parts.pepper, principal.identity).hex())

    def spend_preview(self, request: Request, principal: Principal | None = None) -> None:
        """Count one preview of a form, for the person signed in or else for the address. Raises TooMany."""
        self.previews.spend(principal.identity if principal is not None else self.address(request))

    async def file(
        self, appeal: AppealIn, admission: Admission, *, key: str | None, condition: Condition | None = None
    ) -> RegistrationReceipt:
        """Check and register an appeal that a channel admits; `key` is the sender's Idempotency-Key.

        `condition` is called in the transaction that stores the appeal.

        Raises InvalidInput, IdempotencyKeyReused, and what `condition` raises.
        """
        filing = check(appeal, admission, self.parts.clock.now())
        request = None
        if key is not None:
            scope = sender_key(self.parts.pepper, admission.sender).hex() if admission.sender else ANONYMOUS
            request = self.parts.idempotency.request(scope, key, OPERATION, appeal)
        if filing.received_by is not None and filing.applicant and not filing.applicant.keys().isdisjoint(CODE_CHANNELS):
            condition = all_conditions(condition, partial(self._send_receipt, filing.answer_by))
        return await self.register.file(filing, request, condition)

    async def _send_receipt(self, answer_by: str | None, work: UnitOfWork, appeal_id: UUID) -> None:
        """Plan the receipt of an appeal whose contact an employee wrote down: it counts as confirmed."""
        await self.plan_receipt(work, appeal_id, answer_by)


async def current_intake(request: Request) -> Intake:
    found: Intake = request.app.state.intake
    return found


IntakeDep = Annotated[Intake, Depends(current_intake)]
