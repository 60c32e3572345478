"""The reviewed files of deliveries: the routes of each notice, the limits of the methods, and the texts of mails."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from provider_contact.deliveries.codes import (
    Addressee,
    DeliveryError,
    DeliveryMethod,
    DeliveryState,
    ProviderMailKind,
    WebhookDisabledReason,
)
from provider_contact.directory.codes import ContactRole
from provider_contact.inquiries.codes import NoticeKind
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row
from shared.outgoing.addresses import refused_addresses
from shared.outgoing.webhooks import AttemptError
from shared.policy_files import policy_document, policy_rows

PACKAGE = "provider_contact.deliveries"
ROUTES = "delivery_routes.csv"
TEXTS = "delivery_texts.toml"


class RouteStep(NamedTuple):
    """A step of a route: the method, the roles of contacts it may use, and how long to wait before the next step is begun too."""

    method: DeliveryMethod
    roles: tuple[ContactRole, ...]
    wait: timedelta | None
    """None: the next step begins only when this one fails."""
    link: bool


class WebhookLimits(BaseModel):
    """Limits of webhooks (`delivery_policy.toml`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retries_seconds: tuple[int, ...] = Field(min_length=1)
    timeout_seconds: int = Field(gt=0)
    answer_bytes: int = Field(gt=0)
    at_once: int = Field(gt=0)
    claim_seconds: int = Field(gt=0)
    former_secret_hours: int = Field(ge=0)
    replayed_at_most: int = Field(gt=0)
    disabled_roles: tuple[ContactRole, ...] = Field(min_length=1)
    """The contacts that learn by mail that the webhook is disabled: the first role that has one with a mailbox."""

    def wait(self, attempts: int) -> timedelta | None:
        """Return how long to wait after this many failed attempts; None: no attempt is left."""
        return timedelta(seconds=self.retries_seconds[attempts - 1]) if attempts <= len(self.retries_seconds) else None


class MailLimits(BaseModel):
    """Limits of mail (`delivery_policy.toml`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retries_seconds: tuple[int, ...] = Field(min_length=1)
    longest_hours: int = Field(gt=0)
    lease_seconds: int = Field(gt=0)

    def wait(self, attempts: int) -> timedelta:
        """Return how long to wait after this many failed attempts; the last wait is repeated."""
        return timedelta(seconds=self.retries_seconds[min(attempts, len(self.retries_seconds)) - 1])

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.longest_hours)


class ReplyLimits(BaseModel):
    """Limits of one-time links (`delivery_policy.toml`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: int = Field(gt=0)

    @property
    def life(self) -> timedelta:
        return timedelta(days=self.days)


class DeliveryPolicy(BaseModel):
    """The limits of every method."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhooks: WebhookLimits
    mail: MailLimits
    replies: ReplyLimits


class MailTemplate(NamedTuple):
    """The subject and the text of a mail in three languages."""

    subject: Label
    body: Label


class DeliveryTexts(NamedTuple):
    """The texts of mails and the labels of the delivery log."""

    mails: Mapping[NoticeKind, MailTemplate]
    link: Label
    no_link: Label
    signature: Label
    provider_mails: Mapping[ProviderMailKind, MailTemplate]
    disabled_reasons: Mapping[WebhookDisabledReason, Label]
    states: Mapping[DeliveryState, Label]
    errors: Mapping[str, Label]
    notices: Mapping[NoticeKind, Label]
    methods: Mapping[DeliveryMethod, Label]


@cache
def delivery_policy() -> DeliveryPolicy:
    """Return the limits. Raises ValidationError, and ReferenceDataError if a claim does not outlast the receiver's time-out."""
    policy = DeliveryPolicy.model_validate(policy_document(PACKAGE, "delivery_policy.toml"))
    if policy.webhooks.claim_seconds <= policy.webhooks.timeout_seconds:
        raise ReferenceDataError("delivery_policy.toml", 1, "a claim has to outlast the time that a receiver has")
    return policy


@cache
def routes() -> Mapping[NoticeKind, Mapping[Addressee, Sequence[RouteStep]]]:
    """Return the steps of each route by notice.

    Raises ReferenceDataError for an unknown code, a wrong order of steps, or a notice without a route.
    """
    found: defaultdict[NoticeKind, defaultdict[Addressee, list[RouteStep]]] = defaultdict(lambda: defaultdict(list))
    for row in policy_rows(PACKAGE, ROUTES):
        steps = found[NoticeKind(row.one_of("notice", frozenset(NoticeKind)))][Addressee(row.one_of("addressee", frozenset(Addressee)))]
        if row.number_in("step", 1, 9) != len(steps) + 1:
            raise row.error("the steps of a route are numbered from 1")
        steps.append(_step(row))
    if missing := set(NoticeKind) - found.keys():
        raise ReferenceDataError(ROUTES, 1, f"notices without a route: {', '.join(sorted(missing))}")
    return {kind: dict(of_kind) for kind, of_kind in found.items()}


def _step(row: Row) -> RouteStep:
    methods = frozenset(DeliveryMethod) - {DeliveryMethod.PORTAL}
    method = DeliveryMethod(row.one_of("method", methods))
    roles = (row.optional("roles") or "").split()
    if not frozenset(ContactRole).issuperset(roles) or bool(roles) is (method == DeliveryMethod.WEBHOOK):
        raise row.error("every method but WEBHOOK has roles of contacts")
    wait = timedelta(hours=row.number_in("wait_hours", 1, 1000)) if row.optional("wait_hours") else None
    return RouteStep(method, tuple(map(ContactRole, roles)), wait, row.flag("link"))


@cache
def delivery_texts() -> DeliveryTexts:
    """Return the texts. Raises ReferenceDataError if a notice, a method, a state or an error has none, or a text that nobody uses."""
    document = policy_document(PACKAGE, TEXTS)
    mails = {NoticeKind(code): _template(each) for code, each in document["mails"].items()}
    others = {ProviderMailKind(code): _template(each) for code, each in document["provider_mails"].items()}
    reasons = {WebhookDisabledReason(code): Label(**each) for code, each in document["disabled_reasons"].items()}
    states = {DeliveryState(code): Label(**each) for code, each in document["states"].items()}
    errors = {code: Label(**each) for code, each in document["errors"].items()}
    notices = {NoticeKind(code): Label(**each) for code, each in document["notices"].items()}
    methods = {DeliveryMethod(code): Label(**each) for code, each in document["methods"].items()}
    found = [set[str](each) for each in (mails, notices, methods, states, errors)]
    if found != [set(NoticeKind), set(NoticeKind), set(DeliveryMethod), set(DeliveryState), {*AttemptError, *DeliveryError}]:
        raise ReferenceDataError(TEXTS, 1, "the texts are not those of the notices, methods, states and errors")
    if others.keys() != set(ProviderMailKind) or reasons.keys() != set(WebhookDisabledReason):
        raise ReferenceDataError(TEXTS, 1, "the texts are not those of the mails to providers' people and of disabled webhooks")
    page = document["page"]
    link, no_link, signature = (Label(**page[name]) for name in ("link", "no_link", "signature"))
    return DeliveryTexts(mails, link, no_link, signature, others, reasons, states, errors, notices, methods)


def _template(given: Mapping[str, Mapping[str, str]]) -> MailTemplate:
    return MailTemplate(Label(**given["subject"]), Label(**given["body"]))


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError or ValidationError, so that no process starts with a wrong file."""
    delivery_policy()
    routes()
    delivery_texts()
    refused_addresses()
