"""What a process of intake holds beside the parts that every service has; pages and API calls share it."""

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, Self

from fastapi import Depends, Request

from intake.attachments.service.storing import Attachments
from intake.channels.counter.service import policy as counter_policy
from intake.channels.counter.service import reception as counter
from intake.channels.partner.service import policy as partner_policy
from intake.channels.partner.service.watch import Watch
from intake.channels.peoples_control import service as peoples_control
from intake.channels.phone.service import policy as phone_policy
from intake.channels.phone.service.insurance import FileInsuranceRegister, InsuranceRegister
from intake.register.schemas import AppealIn
from intake.register.service import rights
from intake.register.service.admission import Admission
from intake.register.service.filing import check
from intake.register.service.guessing import Guesses
from intake.register.service.registration import Condition, Receipt, Register, both, sender_key
from intake.settings import Settings
from shared.auth import Principal
from shared.budget import Budget
from shared.http import Network, client_address
from shared.service import Parts

OPERATION = "POST appeals"
ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Intake:
    parts: Parts
    register: Register
    guesses: Guesses
    anonymous: Budget
    uploads: Budget
    previews: Budget
    attachments: Attachments
    partners: Budget
    watch: Watch
    proxies: tuple[Network, ...]
    insurance: InsuranceRegister | None
    """None: not connected."""
    public_url: str | None
    """Where citizens reach the pages; None: wherever they read one."""

    @classmethod
    def build(cls, parts: Parts, settings: Settings) -> Self:
        phone_policy.check()
        partner_policy.check()
        counter_policy.ways(), peoples_control.policy()
        rights.check()
        return cls(
            parts=parts,
            register=Register(parts),
            guesses=Guesses(parts.database, parts.pepper, settings, parts.clock, parts.metrics),
            anonymous=Budget(settings.anonymous_per_minute, parts.clock),
            uploads=Budget(settings.uploads_per_minute, parts.clock),
            previews=Budget(settings.previews_per_minute, parts.clock),
            attachments=Attachments(parts, settings),
            partners=Budget(settings.partner_per_minute, parts.clock),
            watch=Watch(parts, settings.streams_each),
            proxies=tuple(ip_network(one) for one in settings.trusted_proxies),
            insurance=FileInsuranceRegister(settings.insurance_file) if settings.insurance_file else None,
            public_url=settings.public_url,
        )

    def address(self, request: Request) -> str:
        return client_address(request, self.proxies)

    def spend(self, principal: Principal) -> None:
        """One call of a partner's; everybody else is free. Raises TooMany."""
        if principal.has("partner"):
            self.partners.spend(sender_key(self.parts.pepper, f"{principal.issuer}\n{principal.subject}").hex())

    def spend_preview(self, request: Request, principal: Principal | None = None) -> None:
        """One preview of a form: of somebody signed in, else of an address. Raises TooMany."""
        self.previews.spend(f"{principal.issuer}\n{principal.subject}" if principal is not None else self.address(request))

    async def file(self, appeal: AppealIn, admission: Admission, *, key: str | None, condition: Condition | None = None) -> Receipt:
        """Check and register an appeal admitted by a channel's adapter; `key` is the sender's Idempotency-Key.

        `condition` writes in the transaction that stores the appeal.

        Raises InvalidInput, IdempotencyKeyReused, and what `condition` raises.
        """
        filing = check(appeal, admission, self.parts.clock.now())
        request = None
        if key is not None:
            scope = sender_key(self.parts.pepper, admission.sender).hex() if admission.sender else ANONYMOUS
            request = self.parts.idempotency.request(scope, key, OPERATION, appeal)
        return await self.register.file(filing, request, both(counter.noted(self.parts, admission), condition))


async def current_intake(request: Request) -> Intake:
    found: Intake = request.app.state.intake
    return found


CurrentIntake = Annotated[Intake, Depends(current_intake)]
