"""The name of an uploaded file as it is shown and saved, without what could mislead a person or a program."""

import re
import unicodedata
from typing import Final

from pathvalidate import sanitize_filename
from pathvalidate.handler import ReservedNameHandler

from shared.files.errors import TypeMismatch, TypeNotAllowed
from shared.files.policy import FileKind, kinds, policy

_LONGEST_GIVEN: Final = 1_000  # characters at the end of a name, where its extension is; no file system allows longer names
_LONGEST_SAVED: Final = 255  # bytes: the limit of ext4, XFS and APFS
_EXTENSION_LIKE: Final = re.compile(r"\.(?=[^\W\d_])")  # a dot before a letter, as in "act.exe.pdf"; dates and numbers keep their dots


def safe_name(given: str | None, kind: FileKind) -> str:
    """Return `given` as a name that every file system accepts, with an extension of `kind`.

    Folders, invisible and direction characters, inner extensions, reserved characters and device names are removed or
    replaced. The policy limits the characters, the file systems limit the bytes. An empty name becomes "document".
    Raises TypeMismatch for an extension of another kind.
    """
    bare = re.split(r"[\\/]", given or "")[-1][-_LONGEST_GIVEN:]
    bare = "".join(each for each in unicodedata.normalize("NFC", bare) if unicodedata.category(each)[0] != "C")
    bare = " ".join(bare.replace("%", "_").split()).rstrip(". ")
    stem, dot, extension = bare.rpartition(".")
    if not dot:
        stem, extension = bare, kind.extensions[0]
    elif extension.lower() not in kind.extensions:
        if not extension[0].isalpha() or " " in extension:  # the end of a date or of a sentence
            stem, extension = bare, kind.extensions[0]
        else:
            raise TypeMismatch
    return f"{_safe_stem(stem, len(extension)) or 'document'}.{extension.lower()}"


def _safe_stem(stem: str, extension_bytes: int) -> str:
    stem = _EXTENSION_LIKE.sub("_", stem).strip(". ")[: policy().limits.name_characters].rstrip(". ")
    return sanitize_filename(
        stem.replace(" .", "."),  # Windows takes "con .12" for the device, too
        "_",
        platform="universal",
        max_len=_LONGEST_SAVED - 1 - extension_bytes,  # without the extension, which a cut would remove
        reserved_name_handler=ReservedNameHandler.add_leading_underscore,
    )


def declared_kind(media_type: str | None) -> FileKind | None:
    """Return the kind that a media type names; None if it names none in particular. Raises TypeNotAllowed for one that is not accepted."""
    bare = (media_type or "").partition(";")[0].strip().lower()
    if bare in {"", "application/octet-stream"}:
        return None
    found = next((kind for kind in kinds().values() if bare in kind.media_types), None)
    if found is None:
        raise TypeNotAllowed
    return found
