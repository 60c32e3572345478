"""A file's name as it may be shown and saved: what could mislead a person or a program is taken out of it."""

import re
import unicodedata
from typing import Final

from intake.attachments.service.policy import Kind, TypeMismatch, policy

# Microsoft, "Naming Files, Paths, and Namespaces": characters and names that Windows reserves
_LONGEST_GIVEN: Final = 1_000  # characters at the end of a name, as its extension is there; no file system knows longer ones
_RESERVED: Final = re.compile(r'[<>:"|?*\\/%]')
_DEVICES: Final = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_EXTENSION_LIKE: Final = re.compile(r"\.(?=[^\W\d_])")  # a dot before a letter: «act.exe.pdf»; dates and numbers keep theirs


def safe_name(given: str | None, kind: Kind) -> str:
    """`given` without folders, control, invisible and direction characters, inner extensions and reserved names, of a bounded length.

    Raises TypeMismatch for an extension of another kind. A name of which nothing is left is made up.
    """
    bare = re.split(r"[\\/]", given or "")[-1][-_LONGEST_GIVEN:]
    bare = "".join(each for each in unicodedata.normalize("NFC", bare) if unicodedata.category(each)[0] != "C")
    bare = " ".join(_RESERVED.sub("_", bare).split()).rstrip(". ")
    stem, dot, extension = bare.rpartition(".")
    if not dot:
        stem, extension = bare, kind.extensions[0]
    elif extension.lower() not in kind.extensions:
        if not extension[0].isalpha() or " " in extension:  # no extension but the end of a date or a sentence
            stem, extension = bare, kind.extensions[0]
        else:
            raise TypeMismatch
    stem = _EXTENSION_LIKE.sub("_", stem).strip(". ")[: policy().limits.name_characters]
    if stem.partition(".")[0].strip().lower() in _DEVICES:
        stem = f"_{stem}"
    return f"{stem or 'document'}.{extension.lower()}"
