"""What is looked for in a task's log: anything, from where one is; and what looks like an error."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.run.log.file import LogFileView

_TROUBLE = re.compile(
    r"(?i:(?<!\bno )(?<!\b0 )(?:error|errors|exception|exceptions|failed|failures?|fatal|panic|traceback)\b"
    r"(?!\W{0,4}(?:0|null|nil|none|false|undefined)\b|[\"']?[:=] ?(?:\"\"|''|<nil>)))"
    r"|(?i:exit(?:ed with)? (?:status|code):? [1-9]|non-zero|OOMKilled|BackOff\b|ErrImage)"
    r"|^E: |^[EF]\d{4} \d\d:"
)
_STEMS = ("err", "fail", "exception", "fatal", "panic", "traceback", "exit", "non-zero", "oomk", "backoff")


def tells_trouble(text: str) -> bool:
    """Whether a line looks like an error; `0 errors` and `error=nil` do not."""
    low = text.lower()  # the stems take a twentieth of the pattern's time
    return (text[:1] in "EF" or any(stem in low for stem in _STEMS)) and _TROUBLE.search(text) is not None


def compile_search(text: str) -> re.Pattern[str]:
    r"""The pattern that a user means: an upper case letter, but for one as in `\S`, tells case apart.

    Raises:
        re.error: It is no regular expression.
    """
    letters = re.sub(r"\\.", "", text)
    return re.compile(text, 0 if any(letter.isupper() for letter in letters) else re.IGNORECASE)


class _Known(NamedTuple):
    """How far a search is: from which line to which, and how many of its matches are below and above."""

    low: int
    high: int
    below: int = 0
    above: int = 0


class Search:
    """The lines of a view that match, found from one place on outwards.

    One thread may advance it while others ask what it knows.

    Attributes:
        matches: Says something true of a text that is looked for.
        done: Whether the whole view was looked at, as far as it goes.
    """

    def __init__(self, view: LogFileView, matches: Callable[[str], object], start: int) -> None:
        """Prepares to search.

        Args:
            view: Where.
            matches: What says something true of a text that is looked for.
            start: The line to begin with; what is near it is found first, in both directions.
        """
        self.matches = matches
        self.done = False
        self._view = view
        self._known = _Known(start, start)
        self._below = array("I")  # downwards from the start: the nearest is the first
        self._above = array("I")

    def advance(self, most: int = 4000) -> bool:
        """Looks at some more lines.

        Args:
            most: How many, about.

        Returns:
            Whether there are more.
        """
        low, high, *_ = self._known
        above = min(self._view.end, high + most // 2)
        below = max(0, low - most // 2)
        self._above.extend(self._matches(high, above))
        self._below.extend(reversed(self._matches(below, low)))
        self._known = _Known(below, above, len(self._below), len(self._above))
        self.done = below == 0 and above == self._view.end
        return not self.done

    def _matches(self, start: int, stop: int) -> list[int]:
        matches = self.matches
        return [number for number, text in enumerate(self._view.texts(start, stop), start) if matches(text)]

    @property
    def count(self) -> int:
        """How many lines matched so far."""
        return self._known.below + self._known.above

    @property
    def part(self) -> float:
        """How much of the view was looked at, from 0 to 1."""
        return (self._known.high - self._known.low) / (self._view.end or 1)

    def _at(self, index: int, known: _Known) -> int:
        return (
            self._below[known.below - 1 - index] if index < known.below else self._above[index - known.below]
        )

    def _index(self, number: int, known: _Known) -> int:
        """How many of the matches are in lines before the one of that number."""
        return bisect_left(range(known.below + known.above), number, key=lambda index: self._at(index, known))

    def ordinal(self, number: int) -> int | None:
        """Which match a line is, from 1; None where that is not known, or it is none."""
        known = self._known
        index = self._index(number, known)
        there = index < known.below + known.above and self._at(index, known) == number
        return index + 1 if known.low == 0 and there else None

    def next(self, number: int, backwards: bool = False) -> int | None:
        """The match after a line, or before it; around the end, once all was looked at.

        Returns:
            Its number; None where there is none, or it is not known yet.
        """
        known, done = self._known, self.done
        count = known.below + known.above
        index = self._index(number, known) - 1 if backwards else self._index(number + 1, known)
        between = known.low <= number + (not backwards) <= known.high
        if not count or not (done or (between and 0 <= index < count)):
            return None
        return self._at(index % count, known)
