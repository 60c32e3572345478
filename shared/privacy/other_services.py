"""Personal data in the tables of routing and analytics, and in the tables that every service has."""

from typing import Final

from shared.privacy import provider_contact
from shared.privacy.model import EVERY_SERVICE, Store, Table, hashed, plain, sealed
from shared.privacy.statements import (
    BY_AGE,
    EVIDENCE,
    NO_ERASURE,
    NO_LIMIT,
    NOT_EXPORTED,
    NUMBER_REASON,
    ON_TRACKING,
    READS,
    SOLE_TRADER,
    STAFF,
    SUBJECT_REASON,
)

ROUTING: Final = (
    Table(
        "routing",
        "appeal_case",
        (
            plain("number", "registration number, also as `number_digits` and `serial`", NUMBER_REASON, export=ON_TRACKING),
            plain("assignee", "the clerk who has the case", SUBJECT_REASON, export=STAFF),
            plain("sending_by", "the clerk whose answer waits to be sent", SUBJECT_REASON, export=STAFF),
            plain("extension_by", "the clerk who asked to extend the term", SUBJECT_REASON, export=STAFF),
            plain("approval_by", "the clerk who asked a second person to approve an action", SUBJECT_REASON, export=STAFF),
            plain("concerned", "the employee about whom the appeal complains, who never sees the case", SUBJECT_REASON, export=STAFF),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "colleague",
        (
            plain("subject", "an employee who uses the desk", SUBJECT_REASON),
            plain("name", "the employee's name from the token", "the desk lists colleagues by name, sorted in the database"),
            plain("shifts", "the weekly hours of the employee", "cases are assigned to those who are in a shift"),
            plain("absences", "days of absence of the employee, and who stands in", "no case is assigned to an absent colleague"),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "case_visit",
        (plain("subject", "an employee who opened the case on the desk", SUBJECT_REASON),),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "case_presence",
        (plain("subject", "an employee who has the case open on the desk", SUBJECT_REASON),),
        retention="45 seconds after the page is closed, then deleted by a job",
        export=STAFF,
        erasure="deleted by the job",
    ),
    Table(
        "routing",
        "desk_search",
        (plain("subject", "an employee who searched by phone, IIN or provider; what was typed is not stored", SUBJECT_REASON),),
        retention="12 hours, deleted with the next search",
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "article_version",
        (
            plain(
                "content",
                "an answer to a common question, in Kazakh and Russian",
                "written for everybody; nobody is named in it",
            ),
            plain("authors", "the employees who wrote the version", SUBJECT_REASON),
            plain("published_by", "the employee who published the version", SUBJECT_REASON),
            plain("note", "what a reviewer asks the authors to change in the text", "about a text that is written for everybody"),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "saved_view",
        (
            plain("subject", "an employee who saved a list", SUBJECT_REASON),
            sealed("name", "the name that the employee gave to the list"),
        ),
        retention="until the employee deletes it",
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "history",
        (plain("actor", "the employee who acted", SUBJECT_REASON),),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "answer",
        (
            sealed("content", "the answer: text, findings with fact and rule, next steps", export=ON_TRACKING),
            plain("actor", "the employee who answered", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "answer_draft",
        (
            sealed("content", "an unsent answer: text, findings with fact and rule, next steps"),
            plain("actor", "the employee who writes the answer", SUBJECT_REASON),
        ),
        retention="until the answer is sent or its author deletes the draft",
        export="its author alone reads it",
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "letter",
        (
            sealed("content", "a question to the applicant, or what is missing", export=ON_TRACKING),
            plain("actor", "the employee who wrote", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "provider",
        (
            plain("name_kk", "a provider's name in Kazakh", SOLE_TRADER),
            plain("name_ru", "a provider's name in Russian", SOLE_TRADER),
        ),
        retention=NO_LIMIT,
        export="names are public",
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "note",
        (
            sealed("content", "a note for colleagues, or what was said on the telephone", export=NOT_EXPORTED),
            plain("actor", "the employee who wrote", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "provider_question",
        (
            sealed("content", "what a clerk asked a provider", export=NOT_EXPORTED),
            plain("actor", "the employee who asked", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "body_delivery",
        (
            sealed("content", "what proves that another body received the appeal: its incoming number, or who signed", export=NOT_EXPORTED),
            plain("actor", "the employee who recorded the proof", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "extension_request",
        (
            sealed("content", "why a clerk asked to extend the term", export=NOT_EXPORTED),
            sealed("refusal", "why the extension was refused", export=NOT_EXPORTED),
            plain("actor", "the employee who asked", SUBJECT_REASON),
            plain("decided_by", "the employee who decided", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "approval_request",
        (
            sealed("content", "an action that a clerk asked a second person to approve", export=NOT_EXPORTED),
            sealed("refusal", "why the action was not approved", export=NOT_EXPORTED),
            plain("actor", "the employee who asked", SUBJECT_REASON),
            plain("decided_by", "the employee who decided", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "deputy_appointment",
        (
            plain("subject", "the employee who is a deputy of the head", SUBJECT_REASON),
            plain("appointed_by", "the employee who appointed the deputy", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "queue_setting",
        (plain("changed_by", "the employee who decided whether cases of the queue are assigned by rule", SUBJECT_REASON),),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "issue_finding",
        (
            sealed("content", "what a clerk found on an issue: fact, rule, and the rule on a refusal of care", export=NOT_EXPORTED),
            plain("actor", "the employee who found it", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "note_mention",
        (plain("subject", "the employee whom a note mentions", SUBJECT_REASON),),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "correction",
        (plain("actor", "the employee who corrected the classification", SUBJECT_REASON),),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "routing",
        "content_read",
        (
            plain("reader", "the service that read", SUBJECT_REASON),
            plain("on_behalf_of", "the subject of the person for whom it read", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=READS,
        erasure=EVIDENCE,
    ),
)

ANALYTICS: Final = (
    Table(
        "analytics",
        "fact",
        (
            plain(
                "number",
                "registration number, for the list of a figure's appeals and for exports",
                NUMBER_REASON,
            ),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        "analytics",
        "provider",
        (
            plain("name_kk", "a provider's name in Kazakh", SOLE_TRADER),
            plain("name_ru", "a provider's name in Russian", SOLE_TRADER),
        ),
        retention=NO_LIMIT,
        export="shown on the dashboard",
        erasure=NO_ERASURE,
    ),
)

BACKBONE: Final = (
    Table(
        EVERY_SERVICE,
        "idempotency",
        (
            plain(
                "scope",
                "issuer and subject of the sender's token; of registrations a keyed hash",
                "part of the primary key",
            ),
            plain(
                "key",
                "the `Idempotency-Key` that the sender chose",
                "part of the primary key; an anonymous sender's is a random UUID",
            ),
            hashed("fingerprint", "the request's body"),
            sealed("body", "the response, which can hold a PIN and the applicant's data"),
        ),
        retention="7 days",
        export="repeated to whoever repeats the request",
        erasure=BY_AGE,
    ),
    Table(
        EVERY_SERVICE,
        "outbox",
        (plain("value", "an event: codes, ids, times and counts; of providers their names", SOLE_TRADER),),
        retention="until the relay has written it to the log",
        export=NOT_EXPORTED,
        erasure="deleted by the relay",
    ),
    Table(
        EVERY_SERVICE,
        "dead_letter",
        (plain("value", "an event that could not be applied", "as in the log; of providers their names"),),
        retention="until it is replayed",
        export=NOT_EXPORTED,
        erasure="deleted by the replay",
    ),
)

TABLES: Final = (*ROUTING, *provider_contact.TABLES, *ANALYTICS, *BACKBONE)

STORES: Final = (
    Store(
        "object store (`DATA/objects` or a bucket)",
        "bytes of attachments",
        "AES-256-GCM in chunks of 64 kB under a key of the file's own, which is sealed in `attachment.key`",
        retention="as the row in `attachment`",
        export="the applicant downloads the file",
        erasure="with the file; else not built",
    ),
    Store(
        "`DATA/outgoing`",
        "messages that would leave, on a machine without mail server or gateway",
        "sealed",
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure="not built: delete the folder",
    ),
    Store(
        "event log (embedded file or Kafka)",
        "codes, ids, times and counts; names of providers",
        "plain: no event holds text or identity of a person; a test sends marked values through the system and searches for them",
        retention="unlimited: figures are rebuilt from it",
        export=NOT_EXPORTED,
        erasure="not needed for people; not built for names of providers",
    ),
    Store(
        "logs, metrics and traces",
        "codes, ids, times and counts",
        "plain: texts, names and addresses are not written",
        retention="as the operator's collector has it",
        export=NOT_EXPORTED,
        erasure="by the operator's collector",
    ),
    Store(
        "backups (`aryz backup`)",
        "everything above",
        "sealed values stay sealed; keys are left out unless asked for",
        retention="as the operator decides",
        export=NOT_EXPORTED,
        erasure="not built: a backup keeps what was erased later, until it is deleted",
    ),
)
