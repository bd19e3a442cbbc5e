"""A task's log file, however long: its lines are numbered and filtered without being kept in memory.

What reads the file may take its time and belongs on a thread; what only looks at numbers does not wait for
anything. One thread at a time may extend a file, or a view of it; any may read meanwhile.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from itertools import accumulate, compress, count
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from tui.run.log.line import SORT, LogLine, parse_line
from tui.run.log.moment import place_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

LONGEST = 256 * 1024
"""Bytes of a line that are read; of a longer one it is said how many are left."""

_BLOCK = 256 * 1024


class _Kinds(dict[tuple[bytes, bytes], int]):
    """Numbers of the kinds of lines: one for each attempt and source, in order of appearance."""

    def __missing__(self, kind: tuple[bytes, bytes]) -> int:
        return self.setdefault(kind, len(self))


class LogFile:
    """A task's log file: where its lines begin, and of which attempt and source they are.

    Attributes:
        path: Where it is; it may not be there yet.
        lines: How many whole lines are known.
        read: Bytes that are known.
        size: Bytes that the file had when it was last looked at, up to the moment that counts.
    """

    def __init__(self, path: Path, moment: Callable[[], float] = lambda: math.inf) -> None:
        """Know nothing yet.

        Args:
            path: The file; it may not be there yet.
            moment: Gives the moment up to which lines count, in seconds since the run began. It may grow.
        """
        self.path = path
        self._moment = moment
        self.lines = self.read = self.size = 0
        self._starts = array("Q")
        self._kind = array("I")
        self._kinds = _Kinds()
        self._counts: Counter[int] = Counter()
        self._searched = 0  # where the end of a line longer than a block was not found yet

    def extend(self, most: int = 8 * _BLOCK) -> bool:
        """Index what was written since.

        Args:
            most: Bytes to read, about.

        Returns:
            Whether there is more. A line that is not whole yet is nothing.
        """
        stop = self.read + most
        try:
            self.size = place_at(self.path, self._moment())
            with self.path.open("rb", buffering=0) as file:
                while self.read < min(stop, self.size):
                    if not self._take(file):
                        return False
        except FileNotFoundError:
            return False
        return self.read < self.size

    def _take(self, file: BinaryIO) -> bool:
        """Index a block of whole lines, if there is one."""
        file.seek(self.read)
        block = file.read(min(_BLOCK, self.size - self.read))
        length = block.rfind(b"\n") + 1
        if length:
            block = block[:length]
        else:
            length = self._long_line(file, len(block))
        if length:
            self._index(block)
            self.read += length
            self.lines = len(self._starts)
        return length > 0

    def _long_line(self, file: BinaryIO, known: int) -> int:
        """Return the length of the line that begins at `read`, or 0 if it is not whole yet."""
        self._searched = max(self._searched, self.read + known)
        file.seek(self._searched)
        while piece := file.read(_BLOCK):
            end = piece.find(b"\n") + 1
            if end:
                return self._searched + end - self.read
            self._searched += len(piece)
        return 0

    def _index(self, block: bytes) -> None:
        ends = block.count(b"\n") or 1
        kinds = SORT.findall(block)
        if len(kinds) == ends:
            lengths = map(len, block.split(b"\n")[: ends - 1])
            self._starts.extend(map(add, accumulate(lengths, initial=0), count(self.read)))
        else:  # lines without a head, left by a writer that was killed, are passed over
            self._starts.extend(self.read + head.start() for head in SORT.finditer(block))
        numbers = list(map(self._kinds.__getitem__, kinds))
        self._kind.extend(numbers)
        self._counts.update(numbers)

    def counts(self) -> dict[tuple[int, str], int]:
        """Return the number of lines of each attempt and source."""
        found: Counter[tuple[int, str]] = Counter()
        for kind, number in list(self._kinds.items()):
            found[_attempt_and_source(kind)] += self._counts[number]
        return dict(found)

    def view(self, attempt: int | None = None, sources: frozenset[str] | None = None) -> LogFileView:
        """Return a view of the lines of an attempt, of some sources, of both, or of all."""
        return LogFileView(self, attempt, sources)

    def tail(self, most: int = _BLOCK // 4) -> tuple[int, LogSlice]:
        """Return the file's last lines, indexed or not.

        Returns:
            Where the first of them begins, in bytes, and the lines, numbered from 0.
        """
        try:
            stop = place_at(self.path, self._moment())
            with self.path.open("rb", buffering=0) as file:
                start = max(0, stop - most)
                file.seek(start)
                block = file.read(stop - start)
        except FileNotFoundError:
            return 0, LogSlice()
        block = block[: block.rfind(b"\n") + 1]
        heads = [head.start() for head in SORT.finditer(block)]
        if start and heads[:1] == [0]:  # it may be the middle of a line that looks like a line's begin
            del heads[0]
        lines = [_parse(block[at : at + LONGEST], 0) for at in heads]
        return start + (heads[0] if heads else 0), LogSlice(0, lines)

    def line_at(self, place: int) -> int:
        """Return the number of the first line that begins at an offset or after it."""
        return bisect_left(self._starts, place)

    def raw(self, numbers: Sequence[int]) -> Iterator[tuple[bytes, int]]:
        """Yield lines as they stand in the file.

        Args:
            numbers: Whose, in ascending order.

        Yields:
            A line with its head, cut where it is too long, and how many bytes were cut off.
        """
        if not numbers:
            return
        known, end = self.lines, self.read
        stops = [self._starts[i + 1] if i + 1 < known else end for i in numbers]
        starts = [self._starts[i] for i in numbers]
        with self.path.open("rb", buffering=0) as file:
            whole = stops[-1] - starts[0] <= 4 * LONGEST
            base = file.seek(starts[0])
            block = file.read(stops[-1] - base) if whole else b""
            for start, stop in zip(starts, stops, strict=True):
                if whole:
                    data = block[start - base : min(stop - base, start - base + LONGEST)]
                else:
                    file.seek(start)
                    data = file.read(min(stop - start, LONGEST))
                line, ended, _ = data.partition(b"\n")
                yield line, 0 if ended else max(0, stop - start - len(data) - 1)


def _attempt_and_source(kind: tuple[bytes, bytes]) -> tuple[int, str]:
    return int(kind[0]), kind[1].decode(errors="replace")


def _parse(data: bytes, more: int) -> LogLine:
    line = parse_line(data.partition(b"\n")[0])
    if line is None:  # the file is not what it was
        return LogLine("", "", 0, 0, 0.0)
    return line._replace(text=line.text + _more(more)) if more else line


def _more(count: int) -> str:
    return f" … {count:,} more bytes" if count else ""


class LogFileView:
    """The lines of a log file that pass a filter, numbered from 0."""

    first = 0

    def __init__(self, file: LogFile, attempt: int | None, sources: frozenset[str] | None) -> None:
        self.file = file
        self.attempt = attempt
        self.sources = sources
        self._numbers = array("I")
        self._seen = 0
        self._all = attempt is None and sources is None
        self._passes: list[bool] = []

    @property
    def end(self) -> int:
        """One more than the number of the newest line."""
        return self.file.lines if self._all else len(self._numbers)

    def extend(self, most: int = 200_000) -> bool:
        """Filter the lines that were indexed since.

        Args:
            most: Lines to look at.

        Returns:
            Whether there are more.
        """
        if self._all:
            return False
        stop = min(self.file.lines, self._seen + most)
        for kind in list(self.file._kinds)[len(self._passes) :]:
            attempt, source = _attempt_and_source(kind)
            fits = self.attempt in {None, attempt} and (self.sources is None or source in self.sources)
            self._passes.append(fits)
        passes = map(self._passes.__getitem__, self.file._kind[self._seen : stop])
        self._numbers.extend(compress(range(self._seen, stop), passes))
        self._seen = stop
        return stop < self.file.lines

    def in_file(self, number: int) -> int:
        """Return the number in the file of a line of the view, or one past the last if there is none."""
        if self._all:
            return number
        return self._numbers[number] if number < len(self._numbers) else self._seen

    def find(self, number: int) -> int:
        """Return the number in the view of a line of the file, or of the next that passes."""
        return number if self._all else bisect_left(self._numbers, number)

    def _in_file(self, start: int, stop: int) -> Sequence[int]:
        start, stop = max(0, start), min(stop, self.end)
        return range(start, stop) if self._all else self._numbers[start:stop]

    def read(self, start: int, stop: int) -> list[LogLine]:
        """Return the lines from `start` up to, not including, `stop`, as far as there are."""
        return [_parse(*raw) for raw in self.file.raw(self._in_file(start, stop))]

    def texts(self, start: int, stop: int) -> Iterator[str]:
        """Yield the texts of these lines, which costs less than the lines."""
        for at in range(start, min(stop, self.end), 1000):
            for data, more in self.file.raw(self._in_file(at, min(stop, at + 1000))):
                yield data.partition(b" | ")[2].decode(errors="replace") + _more(more)


class LogSlice(NamedTuple):
    """Some lines of a log, in memory.

    Attributes:
        first: The number of the first line.
        lines: The lines.
    """

    first: int = 0
    lines: Sequence[LogLine] = ()

    @property
    def end(self) -> int:
        """One more than the number of the last line."""
        return self.first + len(self.lines)

    def read(self, start: int, stop: int) -> list[LogLine]:
        """Return the lines from `start` up to, not including, `stop`, as far as there are."""
        return list(self.lines[max(0, start - self.first) : max(0, stop - self.first)])
