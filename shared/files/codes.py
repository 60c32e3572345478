"""The states of files."""

from enum import StrEnum


class AttachmentState(StrEnum):
    """The state of a file; the labels are in `attachments.toml`."""

    RECEIVING = "RECEIVING"
    SCANNING = "SCANNING"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    UNSCANNED = "UNSCANNED"
    DROPPED = "DROPPED"
    """Given up and owned by nobody; the row is deleted once the store has deleted the objects. It has no label: nobody sees it."""
