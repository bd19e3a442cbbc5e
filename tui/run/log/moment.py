"""Where in a task's log file a moment is, without reading all of the file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.run.log.line import parse_line

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_NEAR = 64 * 1024  # bytes that are read line by line


def place_at(path: Path, at: float) -> int:
    """Return the offset after the last line that was printed up to a moment.

    Args:
        path: The log file.
        at: The moment, in seconds since the run began.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        if math.isinf(at):
            return high
        while high - low > _NEAR:
            middle = (low + high) // 2
            place, time = _line_after(file, middle)
            if place >= high or time is None or time > at:
                high = middle
            else:
                low = place
        file.seek(low)
        while line := file.readline():
            said = parse_line(line)
            if said is not None and said.at > at:
                break
            low += len(line)
        return low


def start_of_tail(path: Path, stop: int, most: int) -> int:
    """Return the offset of the first line that begins within some bytes before an offset.

    Raises:
        OSError: The file cannot be read.
    """
    if stop <= most:
        return 0
    with path.open("rb") as file:
        file.seek(stop - most - 1)
        file.readline()
        return min(file.tell(), stop)


def time_at(path: Path, place: int) -> float:
    """Return when the line at an offset was printed, or the next that tells; infinite if none follows.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(place)
        return next((said.at for said in map(parse_line, file) if said is not None), math.inf)


def _line_after(file: BinaryIO, place: int) -> tuple[int, float | None]:
    """Return where the first line with a time begins after an offset, and its time; None if there is none."""
    file.seek(place)
    file.readline()
    start = file.tell()
    while line := file.readline():
        if said := parse_line(line):
            return start, said.at
        start += len(line)
    return start, None
