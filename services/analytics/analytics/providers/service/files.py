"""The index as a table in a file."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from analytics.exports.service import neutralised
from analytics.providers.schemas import ProviderIndexItem

_BYTE_ORDER_MARK: Final = "\ufeff"  # Excel reads UTF-8 only with it


def index_csv(items: Sequence[ProviderIndexItem]) -> bytes:
    """Return the index as CSV with the names of the API as headings. A text that begins like a formula gets an apostrophe in front."""
    stream = io.StringIO(_BYTE_ORDER_MARK)
    stream.seek(0, io.SEEK_END)
    writer = csv.writer(stream, lineterminator="\r\n")
    names = list(ProviderIndexItem.model_fields)
    writer.writerow(names)
    for item in items:
        row = item.model_dump(mode="json")
        writer.writerow([str(row[name]).lower() if isinstance(row[name], bool) else neutralised(row[name]) for name in names])
    return stream.getvalue().encode()
