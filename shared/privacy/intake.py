"""Personal data in intake's tables."""

from typing import Final

from shared.privacy.model import Table, hashed, plain, sealed
from shared.privacy.statements import (
    BY_AGE,
    NO_ERASURE,
    NO_LIMIT,
    NOT_EXPORTED,
    NUMBER_REASON,
    ON_TRACKING,
    SOLE_TRADER,
    STAFF,
    SUBJECT_REASON,
)

SERVICE: Final = "intake"
_CONVERSATION: Final = "until the conversation is settled, or 6 hours of silence (`late_hours` of `bot.toml`)"
_UNTIL_REACHED: Final = "until the caller is reached, at most 14 days (`call_back_days` of `call_policy.toml`)"
_PUBLISHED: Final = "the Fund publishes it for everybody, and it names no person"
_FOR_EVERYBODY: Final = "it is read out to every caller and names no person"
_CALL: Final = "365 days after the call is over (`kept_days` of `call_policy.toml`)"
_TAIL: Final = "all digits but the last are hidden; an operator must recognise the caller in a list"

REGISTER: Final = (
    Table(
        SERVICE,
        "appeal",
        (
            plain("number", "registration number", NUMBER_REASON, export=ON_TRACKING),
            sealed("provider_name", "the provider as the applicant typed it"),
            sealed("provider_bin", "the provider's BIN from an import; a sole trader's BIN is an IIN"),
            sealed("text", "the appeal's text"),
            sealed("applicant", "name, IIN, phone, e-mail and postal address of the applicant"),
            sealed(
                "received_by",
                "name and position of the employee who received the appeal",
                export="shown in the receipt of the registration",
            ),
            sealed("legacy_number", "the number in a former register"),
            sealed("particulars", "the patient and the ground of representation, the contested act"),
            hashed("owner", "issuer and subject of the token that follows the appeal"),
            hashed("phone_key", "the applicant's phone number"),
            hashed("iin_key", "the applicant's IIN"),
            hashed("pin", "appeal id and PIN"),
            hashed("fingerprint", "the imported line"),
        ),
        retention=NO_LIMIT,
        export="not built: the applicant cannot read back what was filed",
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "open_import",
        (
            plain("actor", "the employee who imported", SUBJECT_REASON, export=STAFF),
            plain("undone_by", "the employee who undid the import", SUBJECT_REASON, export=STAFF),
        ),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "message",
        (sealed("text", "the applicant's message, statement, reason or comment"),),
        retention=NO_LIMIT,
        export=ON_TRACKING,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "withdrawal",
        (
            plain("decided_by", "the employee who called the applicant back", SUBJECT_REASON, export=STAFF),
            sealed("note", "what was said in the call"),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "provider_offer",
        (hashed("link_key", "the token of the link by which the applicant answers once"),),
        retention=NO_LIMIT,
        export=ON_TRACKING,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "contact_code",
        (hashed("contact", "the phone number or mailbox the code went to"), hashed("code", "row id, purpose and digits of the code")),
        retention="24 hours (`code.kept_hours` of `applicant_policy.toml`)",
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "content_read",
        (
            plain("reader", "the service, or the subject of the token, that read; an applicant is written as `applicant`", SUBJECT_REASON),
            plain("on_behalf_of", "the subject of the person for whom a service read", SUBJECT_REASON),
            hashed("about", "the IIN of the person whose insurance record was asked for"),
        ),
        retention=NO_LIMIT,
        export="the applicant sees roles, days and what was opened on the page of the appeal, never a name",
        erasure="never: the audit log is evidence",
    ),
    Table(
        SERVICE,
        "wrong_attempt",
        (hashed("key", "network address, registration number, or both, of wrong PINs"),),
        retention="one day after the last attempt",
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "opened_case",
        (hashed("key", "network address and registration number"),),
        retention="180 days after the case was last opened from there",
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "provider",
        (
            plain("name_kk", "a provider's name in Kazakh", SOLE_TRADER),
            plain("name_ru", "a provider's name in Russian", SOLE_TRADER),
            plain("short_name", "a provider's short name", SOLE_TRADER),
            plain("aliases", "other names people use for a provider", SOLE_TRADER),
        ),
        retention=NO_LIMIT,
        export="public: the form lists providers",
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "article",
        (
            plain("questions", "the question that a published article answers", _PUBLISHED),
            plain("answers", "the answer of a published article", _PUBLISHED),
            plain("synonyms", "other wordings of its question", _PUBLISHED),
            plain("source", "the publication from which a published article was written", _PUBLISHED),
        ),
        retention="until the article is retired",
        export="public: the form shows published articles",
        erasure=NO_ERASURE,
    ),
)

FILES_AND_NOTIFICATIONS: Final = (
    Table(
        SERVICE,
        "attachment",
        (
            sealed("key", "the key that encrypts the file's bytes in the object store"),
            sealed("name", "the file's name"),
            hashed("token", "upload id and the secret under which the upload is continued and claimed"),
            hashed("owner", "token or network whose unclaimed files are counted together", retention="until an appeal has the file"),
        ),
        retention=f"24 hours while no appeal has the file (`kept_hours` of `attachments.toml`); then {NO_LIMIT}",
        export="the applicant downloads the file from the tracking page",
        erasure="unclaimed files are deleted with their bytes; infected files lose their bytes; else not built",
    ),
    Table(
        SERVICE,
        "notice",
        (
            sealed("address", "phone number, mailbox or chat the message went to", export="staff see it masked"),
            sealed("secret", "a one-time code to be sent", retention="until the message is sent or given up"),
            hashed("phone_key", "the phone number of an SMS, by which a reply is recognised"),
            plain("provider_ref", "the gateway's id of the message", "chosen by the gateway; delivery must be provable (АППК art. 66(2))"),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "daily_count",
        (hashed("key", "recipient, or the address that asked for codes"),),
        retention="2 days",
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "inbound_message",
        (hashed("key", "the gateway's id of a received SMS"),),
        retention="30 days",
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
)

CHANNELS: Final = (
    Table(
        SERVICE,
        "bot_update",
        (
            hashed("chat", "Telegram's chat id"),
            sealed(
                "body",
                "the update as Telegram sent it: name, user name and text",
                retention=_CONVERSATION,
            ),
        ),
        retention="30 days (`kept_days` of `bot.toml`)",
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "bot_chat",
        (
            hashed("key", "Telegram's chat id"),
            hashed("owner", "the sender under which the chat's appeals are followed"),
            sealed("chat_id", "Telegram's chat id"),
            sealed("draft", "the appeal being written", retention="24 hours of silence (`draft_hours` of `bot.toml`)"),
            sealed(
                "start",
                "the state at the beginning of the current conversation",
                retention=_CONVERSATION,
            ),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure="draft and start are cleared by age; the rest: not built",
    ),
    Table(
        SERVICE,
        "bot_message",
        (
            hashed("chat", "Telegram's chat id"),
            sealed("payload", "a message of the bot, which can quote the applicant", retention="until it is sent or given up"),
        ),
        retention="30 days after it was sent or given up (`kept_days` of `bot.toml`)",
        export="sent to the applicant's chat",
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "call",
        (
            hashed("external", "the exchange's id of the call"),
            plain("agent", "the operator", SUBJECT_REASON, export=STAFF),
            hashed("caller", "the caller's phone number"),
            plain("caller_tail", "the end of the caller's phone number", _TAIL),
            sealed("number", "the caller's phone number"),
            sealed("recording", "the recording's name, which exchanges form from the number"),
        ),
        retention=_CALL,
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "call_event",
        (plain("data", "codes and counts of the exchange, and the operator's subject", SUBJECT_REASON),),
        retention=_CALL,
        export=NOT_EXPORTED,
        erasure=BY_AGE,
    ),
    Table(
        SERVICE,
        "call_back",
        (
            plain("caller_tail", "the end of the caller's phone number", _TAIL),
            sealed(
                "number",
                "the phone number to call",
                retention=_UNTIL_REACHED,
            ),
            plain("claimed_by", "the operator who calls back", SUBJECT_REASON, export=STAFF),
        ),
        retention=_CALL,
        export=NOT_EXPORTED,
        erasure="the number is cleared; the row is deleted after the retention",
    ),
    Table(
        SERVICE,
        "held_consultation",
        (
            plain("operator", "the operator who closed the consultation", SUBJECT_REASON),
            sealed("content", "the consultation and the name of the operator who received it"),
        ),
        retention="until the consultation is registered or taken back, 10 seconds (`undo` of `call_policy.toml`)",
        export=NOT_EXPORTED,
        erasure="the row is deleted when the consultation is registered or taken back",
    ),
    Table(
        SERVICE,
        "incident",
        (
            plain("answer_kk", "the answer to all callers about a mass incident, in Kazakh", _FOR_EVERYBODY),
            plain("answer_ru", "the same answer in Russian", _FOR_EVERYBODY),
            plain("answer_en", "the same answer in English", _FOR_EVERYBODY),
            plain("announced_by", "the supervisor who announced it", SUBJECT_REASON, export=STAFF),
        ),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "oral_record",
        (plain("receiver", "the operator who wrote the record of an oral appeal", SUBJECT_REASON),),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "reception",
        (hashed("receiver", "issuer and subject of the token of the employee who registered the appeal"),),
        retention=NO_LIMIT,
        export=STAFF,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "receiver",
        (hashed("key", "issuer and subject of an employee's token"), sealed("name", "the employee's name on talons")),
        retention=NO_LIMIT,
        export="printed on the applicant's talon",
        erasure=NO_ERASURE,
    ),
)

PARTNERS: Final = (
    Table(
        SERVICE,
        "external_number",
        (hashed("key", "partner and the partner's number"), sealed("number", "the number in the partner's register")),
        retention=NO_LIMIT,
        export="shown to the partner who gave it",
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "update_entry",
        (
            plain("number", "registration number", NUMBER_REASON),
            hashed("owner", "the sender who follows the appeal"),
            hashed("recipient", "the partner to whom it was forwarded"),
        ),
        retention=NO_LIMIT,
        export="read by the person or partner it belongs to",
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "subscriber",
        (hashed("key", "issuer and subject of a partner's token"),),
        retention=NO_LIMIT,
        export=NOT_EXPORTED,
        erasure=NO_ERASURE,
    ),
    Table(
        SERVICE,
        "subscription",
        (
            hashed("subscriber", "issuer and subject of a partner's token"),
            sealed("url", "the address of a webhook, which can carry a secret"),
            sealed("secret", "the secret that signs deliveries"),
            sealed("former_secret", "the secret before the last rotation", retention="valid for 24 hours; stays until the next rotation"),
        ),
        retention="until the partner deletes the subscription",
        export="shown to the partner; a secret once",
        erasure="the partner deletes the subscription",
    ),
)

TABLES: Final = (*REGISTER, *FILES_AND_NOTIFICATIONS, *CHANNELS, *PARTNERS)
