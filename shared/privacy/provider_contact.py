"""Personal data in the tables of provider-contact."""

from typing import Final

from shared.privacy.model import Table, hashed, plain, sealed
from shared.privacy.statements import (
    DOCTOR,
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

TABLES: Final = (
    Table(
        "provider-contact",
        "provider",
        (
            hashed("bin_key", "the provider's BIN"),
            sealed("bin", "the provider's BIN; a sole trader's BIN is an IIN"),
            hashed("fingerprint", "the imported row"),
            plain("name_kk", "the provider's name in Kazakh", SOLE_TRADER),
            plain("name_ru", "the provider's name in Russian", SOLE_TRADER),
            plain("short_name", "the provider's short name", SOLE_TRADER),
            plain("aliases", "other names people use for the provider", SOLE_TRADER),
            plain("added_aliases", "other names that the directory's keeper added", SOLE_TRADER),
            sealed("email", "the provider's mailbox"),
            sealed("phone", "the provider's phone number"),
        ),
        retention=NO_LIMIT,
        export="names are public; BIN and contacts: no",
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "contact",
        (
            hashed("contact_key", "owner, role and mailbox or phone of the contact"),
            sealed("content", "name and position of the person, phone, e-mail and hours"),
        ),
        retention=NO_LIMIT,
        export="not exported: contacts are for the Fund's own use",
        erasure="the keeper removes the contact; its former content stays sealed among the changes",
    ),
    Table(
        "provider-contact",
        "doctor",
        (
            hashed("doctor_key", "provider, name and speciality of the doctor"),
            plain("full_name_kk", "the doctor's name in Kazakh", DOCTOR),
            plain("full_name_ru", "the doctor's name in Russian", DOCTOR),
            plain("speciality", "the doctor's speciality", DOCTOR),
        ),
        retention=NO_LIMIT,
        export="name and speciality are public",
        erasure="an end date in an import ends the entry; the name stays for the appeals and ratings of its time",
    ),
    Table(
        "provider-contact",
        "directory_import",
        (
            sealed("document", "the file of a draft of an import", retention="a day, or until it is imported"),
            plain("actor", "the employee who imported", SUBJECT_REASON),
            plain("undone_by", "the employee who undid the import", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "directory_change",
        (
            sealed("before", "a directory entry as it was before a change"),
            plain("actor", "the employee who changed it", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "appeal",
        (plain("number", "registration number", NUMBER_REASON),),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "response",
        (
            sealed("text", "the provider's answer to an inquiry, which can speak of the applicant"),
            sealed("answers", "the provider's answers to the standing questions, which can speak of the applicant"),
            sealed("refusal_rule", "the legal ground that the provider names for a refusal of care"),
            plain("sender", "the subject of the provider's user, or the id of a one-time link or a system", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export="not built: the applicant sees that the provider answered, not the text",
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "proposal",
        (sealed("text", "what the provider says it has solved, which can speak of the applicant", export=ON_TRACKING),),
        retention=NO_LIMIT,
        export=ON_TRACKING,
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "commitment",
        (
            sealed("text", "what the provider promises, which can speak of the applicant", export=ON_TRACKING),
            plain("excused_by", "the employee who released the provider from the promise", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "outcome_check",
        (
            sealed("text", "what the applicant said by telephone of a confirmation or a withdrawal", export=NOT_EXPORTED),
            plain("checked_by", "the employee who called", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
        "inquiry_entry",
        (
            sealed("content", "a reason or a remark of the Fund or the provider, or whom a clerk spoke to and what was said"),
            plain("actor", "the subject of the person who acted", SUBJECT_REASON),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        "provider-contact",
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
