"""Which rows the growth benchmark copies: every table of every database, and how each column of a copy gets its value.

A copy of an appeal is an appeal of its own: its ids, number and keyed hashes differ from those of its source and are the same in all
four databases. Copies of closed appeals lie in the past, so many a year as the country sends. Sealed values are copied as they are;
they belong to the source's id and cannot be opened, but nothing that is measured opens the text of an old appeal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

APPEALS_A_YEAR = 2 * 474_708  # source: the Fund's report on the first half of 2021
SECONDS_PER_APPEAL = 365 * 24 * 3600 / APPEALS_A_YEAR
SHARED_IDS = frozenset({"provider_id", "subscription_id", "leased_by"})
KEYED = frozenset({"key", "owner", "recipient", "phone_key", "iin_key", "fingerprint", "contact", "receiver", "token_key"})
"""Columns of keyed hashes. Two copies of a person are two persons: nobody files thousands of appeals."""
PERMANENT = None
POSITIONS = 100_000  # of the feed of updates, for each copy of all appeals
INBOX_DAYS = 30
ANSWERS_DAYS = 7


@dataclass(frozen=True)
class Plan:
    """What is copied of one database.

    `by_appeal`: tables whose rows belong to an appeal, with the SQL of its id in a row `t`, the referenced tables first.
    `by_request`: tables with rows for each event or request, with the days after which the service purges them. They are copied in
    proportion, at most so many days back.
    `left`: tables without rows for each appeal, and those that this traffic leaves empty.
    `unfinished`: by table, the SQL of rows that wait for a job of the service. Their copies would all be due at once.
    """

    by_appeal: Mapping[str, str]
    by_request: Mapping[str, int | None] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    unfinished: Mapping[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(self.by_appeal) | frozenset(self.by_request) | self.left


def _of_appeal(*tables: str) -> dict[str, str]:
    return dict.fromkeys(tables, "t.appeal_id")


_EVERYWHERE = frozenset({"alembic_version", "outbox", "relay_lease", "consumer_offset", "dead_letter"})
_BY_REQUEST = {"inbox": INBOX_DAYS, "idempotency": ANSWERS_DAYS}
_AUDITED = _BY_REQUEST | {"content_read": PERMANENT}
_ROLLUPS = {"rollup_day", "rollup_month", "rollup_state", "pending_recount"}
_OF_INQUIRY = "(SELECT inquiry.appeal_id FROM public.inquiry WHERE inquiry.inquiry_id = t.inquiry_id)"
_COUNTED_BY_ADDRESS = {"wrong_attempt", "opened_case", "daily_count"}
_OF_THE_BOT = {"bot_update", "bot_chat", "bot_message", "bot_duty"}
_OTHER_TRAFFIC = _OF_THE_BOT | {
    "call",
    "call_event",
    "call_back",
    "held_consultation",
    "inbound_message",
    "incident",
    "rating",
    "self_service",
}
_OF_RATINGS = {"rating", "ranked_month", "ranked_provider"}
_OF_PARTNERS = {"update_counter", "subscriber", "subscription", "delivery", "external_number"}  # nobody subscribes here

PLANS: Mapping[str, Plan] = {
    "intake": Plan(
        {"appeal": "t.id"}
        | _of_appeal(
            "tracking", "timeline", "message", "shown_articles", "withdrawal", "provider_offer", "confirmed_contact", "contact_code"
        )
        | _of_appeal("attachment", "notice", "reception", "oral_record", "update_entry"),
        _AUDITED,
        _EVERYWHERE
        | _COUNTED_BY_ADDRESS
        | _OTHER_TRAFFIC
        | _OF_PARTNERS
        | {"provider", "article", "register_counter", "receiver", "open_import", "taken_over"},
        {"notice": "t.state = 'PLANNED'", "update_entry": "t.position IS NULL"},
    ),
    "routing": Plan(
        _of_appeal("appeal_case", "clock", "history", "answer", "answer_draft", "letter", "note", "note_mention", "correction"),
        _AUDITED,
        _EVERYWHERE
        | {"answer_letter", "colleague", "case_visit", "case_presence", "desk_search", "saved_view", "provider", "provider_question"}
        | {"extension_request", "approval_request", "body_delivery", "issue_finding"}
        | {"deputy_appointment", "queue_setting", "article", "article_version"},
    ),
    "provider-contact": Plan(
        _of_appeal("appeal", "inquiry")
        | dict.fromkeys(("delivery", "notice_route", "reply_link", "response", "inquiry_entry"), _OF_INQUIRY)
        | _of_appeal("name_match", "outcome_check"),
        _AUDITED,
        _EVERYWHERE
        | {"provider", "directory_version", "contact", "provider_contract", "doctor", "directory_import", "directory_change"}
        | {"provider_webhook"}
        | {"proposal", "commitment"}
        | {"answer_file", "shown_document", "provider_mail"}
        | {"provider_account", "account_entry", "inquiry_assignment", "inquiry_visit", "response_draft", "own_template", "statement"}
        | _OF_RATINGS,
        {"delivery": "t.next_at IS NOT NULL", "notice_route": "t.due_at IS NOT NULL", "outcome_check": "t.status = 'OPEN'"},
    ),
    "analytics": Plan(
        _of_appeal("fact", "transition", "inquiry_fact", "reopening", "commitment_fact"),
        _BY_REQUEST,
        _EVERYWHERE | {"provider", "call_fact", "rating_fact", "self_served", "issued_report"} | _ROLLUPS,
    ),
}


@dataclass(frozen=True)
class ColumnOf:
    """A column as the server describes it."""

    name: str
    data_type: str
    is_numbered: bool
    """The server numbers the rows."""


def values(columns: list[ColumnOf]) -> Iterator[tuple[str, str]]:
    """Yield the names of the columns of a copy and the SQL of their values.

    The source is the row `s`, the number of the copy `copy`, its age in seconds `age`, and `span` the registration numbers of a copy.
    """
    for column in columns:
        if not column.is_numbered:
            yield f'"{column.name}"', _value(column)


def _value(column: ColumnOf) -> str:
    name, source = column.name, f's."{column.name}"'
    if column.data_type == "uuid" and name not in SHARED_IDS:
        return f"growth.id({source}, copy, age)"
    if column.data_type.startswith("timestamp") or column.data_type == "date":
        earlier = f"({source} - make_interval(secs => age))::{column.data_type}"
        return f"CASE WHEN {source} >= '9000-01-01' THEN {source} ELSE {earlier} END"  # "never" stays
    if column.data_type == "bytea" and name in KEYED:
        return f"sha256({source} || int8send(copy))"
    renamed = {
        "number": f"growth.number({source}, copy * span)",
        "number_digits": f"{source} + 10 * copy * span",
        "serial": f"{source} + copy * span",
        "position": f"{source} + copy * {POSITIONS}",
        "key": f"{source} || '/' || copy",
    }
    return renamed.get(name, source)
