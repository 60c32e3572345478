"""Text normalisation: what is removed from text at every input, and the reading of a text by programs.

The rules are the same for API, forms, bot, counter, call screen, imports and search fields:

- Invisible characters that break words, numbers and addresses are removed: soft hyphens, zero-width characters, direction marks
  and embeddings, fillers without a glyph, control characters. A joiner or variation selector after a pictograph stays (it is part of it).
- Line ends become line feeds. Space around the text is removed. Spaces inside stay as typed, no-break spaces included.
- Letters, digits, marks and punctuation stay as typed: a citizen's text is shown as it was written.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

# Default-ignorable and control characters (Unicode 15, DerivedCoreProperties.txt) without tab and line ends. NUL is refused elsewhere.
_INVISIBLE: Final = (
    "\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_PICTOGRAPH: Final = "\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_DROPPED: Final = re.compile(f"[{_INVISIBLE}]|(?<![{_PICTOGRAPH}])(?<![{_PICTOGRAPH}]\ufe0f)\u200d|(?<![{_PICTOGRAPH}])[\ufe00-\ufe0f]")
_LINE_END: Final = re.compile("\r\n?|[\x85\u2028\u2029]")
_NEEDS_WORK: Final = re.compile(f"[{_INVISIBLE}\r\x85\u2028\u2029\u200d\ufe00-\ufe0f]")
_BRAILLE_BLANK: Final = "\u2800"
_UNSEEN: Final = f"{_INVISIBLE}\u200d\ufe00-\ufe0f"
# What a reader sees as part of one word: invisible characters, and a hyphen with the line end that divides the word.
_IN_A_WORD: Final = re.compile(
    f"(?<=[^\\W\\d_])[{_UNSEEN}]*[-\u2010\u2011][{_UNSEEN} \t]*(?:\r\n?|[\n\x85\u2028\u2029])[{_UNSEEN} \t]*(?=[^\\W\\d_])|[{_UNSEEN}]+"
)
_LINE_ENDS: Final = "\n\r\x85\u2028\u2029"
_HYPHENS: Final = "\u2010\u2011-"  # in a class of characters the last one is itself
_DIVISION: Final = re.compile(f"[{_HYPHENS}][{_UNSEEN} \t]*[{_LINE_ENDS}]")  # without what must stand around it
_ALWAYS_UNSEEN: Final = re.compile(f"[{_UNSEEN}]+")


def clean(text: str) -> str:
    """Return the text without invisible characters and without space around it. Linear; a clean text costs one search."""
    if _NEEDS_WORK.search(text) is not None:
        text = _DROPPED.sub("", _LINE_END.sub("\n", text))
    return text.strip()


def compact(text: str) -> str:
    """Return a number or code without invisible characters and spaces, as it is compared and stored."""
    return "".join(clean(text).replace("\u200d", "").split())


def shows_something(cleaned: str) -> bool:
    """Return whether a cleaned text shows anything. Spaces, blanks, and marks without a letter show nothing."""
    if cleaned[:1].isalnum():
        return True
    return any(
        each.isalnum() or (each.isprintable() and not each.isspace() and each != _BRAILLE_BLANK and unicodedata.category(each)[0] != "M")
        for each in set(cleaned)
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as programs read it, with the position of each character in the original text."""

    text: str
    starts: tuple[int, ...] = ()
    """Positions in `text` at which the shift changes, ascending."""
    shifts: tuple[int, ...] = (0,)
    """Differences between original and read positions: before the first of `starts`, and from each of them on."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the positions in the original text of the characters `start:end`, which must not be empty."""
        if not self.starts:
            return start, end
        return start + self.shifts[bisect_right(self.starts, start)], end + self.shifts[bisect_right(self.starts, end - 1)]


def may_divide_words(text: str) -> bool:
    """Return whether the text has a hyphen before a line end. Most texts have none, and to see it is quick."""
    has_both = any(end in text for end in _LINE_ENDS) and any(hyphen in text for hyphen in _HYPHENS)
    return has_both and _DIVISION.search(text) is not None


def reading(text: str, *, join_lines: bool = True) -> Reading:
    """Return the text without invisible characters and, with `join_lines`, with words joined that a line end divides. Linear."""
    has_lines = join_lines and may_divide_words(text)
    if not has_lines and _ALWAYS_UNSEEN.search(text) is None:
        return Reading(text)
    dropped = _IN_A_WORD if has_lines else _ALWAYS_UNSEEN
    pieces: list[str] = []
    starts: list[int] = []
    shifts = [0]
    length = end = 0
    for match in dropped.finditer(text):
        pieces.append(text[end : match.start()])
        length += match.start() - end
        end = match.end()
        starts.append(length)
        shifts.append(end - length)
    return Reading("".join([*pieces, text[end:]]), tuple(starts), tuple(shifts)) if pieces else Reading(text)
