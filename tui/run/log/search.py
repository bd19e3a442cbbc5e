"""Search in a task's log, from the visible lines outwards; and which lines look like errors."""

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
    """Return whether a line looks like an error; `0 errors` and `error=nil` do not."""
    low = text.lower()  # the stems take a twentieth of the pattern's time
    return (text[:1] in "EF" or any(stem in low for stem in _STEMS)) and _TROUBLE.search(text) is not None


def compile_search(text: str) -> re.Pattern[str]:
    r"""Compile a user's pattern: it ignores case unless it has an upper case letter, other than in `\S`.

    Raises:
        re.error: It is no regular expression.
    """
    letters = re.sub(r"\\.", "", text)
    return re.compile(text, 0 if any(letter.isupper() for letter in letters) else re.IGNORECASE)


class _Known(NamedTuple):
    """The range of lines that was searched, and the number of matches below and above the start."""

    low: int
    high: int
    below: int = 0
    above: int = 0


class Search:
    """The lines of a view that match, found from one line outwards.

    One thread may advance it while others ask what it knows.

    Attributes:
        matches: Returns something true for a text that matches.
        done: Whether the whole view was searched.
    """

    def __init__(self, view: LogFileView, matches: Callable[[str], object], start: int) -> None:
        """Prepare a search.

        Args:
            view: Where.
            matches: Returns something true for a text that matches.
            start: The line to begin with; what is near it is found first, in both directions.
        """
        self.matches = matches
        self.done = False
        self._view = view
        self._known = _Known(start, start)
        self._below = array("I")  # downwards from the start: the nearest is the first
        self._above = array("I")

    def advance(self, most: int = 4000) -> bool:
        """Search some more lines.

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
        """The number of matches so far."""
        return self._known.below + self._known.above

    @property
    def part(self) -> float:
        """The part of the view that was searched, from 0 to 1."""
        return (self._known.high - self._known.low) / (self._view.end or 1)

    def _at(self, index: int, known: _Known) -> int:
        return (
            self._below[known.below - 1 - index] if index < known.below else self._above[index - known.below]
        )

    def _index(self, number: int, known: _Known) -> int:
        """Return the number of matches before a line."""
        return bisect_left(range(known.below + known.above), number, key=lambda index: self._at(index, known))

    def ordinal(self, number: int) -> int | None:
        """Return which match a line is, from 1; None if that is not known, or it is none."""
        known = self._known
        index = self._index(number, known)
        there = index < known.below + known.above and self._at(index, known) == number
        return index + 1 if known.low == 0 and there else None

    def next(self, number: int, backwards: bool = False) -> int | None:
        """Return the match after a line, or before it; past the end, once all was searched, the first.

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
