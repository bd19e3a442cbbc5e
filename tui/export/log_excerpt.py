"""What of tasks' logs finds room in a file: of each the begin and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.run.log.line import parse_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.run.log.line import LogLine

_LONGEST = 2000  # characters of a line
_BEGIN = 0.25  # of the room is for the begin: what went wrong stands at the end


class Excerpt(NamedTuple):
    """A part of a log.

    Attributes:
        begin: The first lines; all where nothing is left out.
        left_out: Bytes between them and the last ones.
        end: The last lines.
        size: The bytes of the whole log.
    """

    begin: list[LogLine]
    left_out: int
    end: list[LogLine]
    size: int


def rooms(sizes: Mapping[str, int], room: int) -> dict[str, int]:
    """Return how many bytes each log may have: what small ones leave is shared by the others."""
    found: dict[str, int] = {}
    for count, (name, size) in enumerate(sorted(sizes.items(), key=lambda item: item[1])):
        found[name] = min(size, room // (len(sizes) - count))
        room -= found[name]
    return found


def excerpt(path: Path, room: int) -> Excerpt:
    """Return as much of a log as finds room, in whole lines.

    Args:
        path: The log.
        room: The most bytes.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        if size <= room:
            return Excerpt(_lines(file.read(size)), 0, [], size)
        begin = file.read(int(room * _BEGIN))
        begin = begin[: begin.rfind(b"\n") + 1]
        start = max(size - (room - len(begin)), len(begin))
        file.seek(start - 1)
        end = file.read(size - start + 1)
        end = end[end.find(b"\n") + 1 :]
        return Excerpt(_lines(begin), size - len(begin) - len(end), _lines(end), size)


def _lines(data: bytes) -> list[LogLine]:
    lines = (parse_line(line) for line in data.split(b"\n"))
    return [line if len(line.text) <= _LONGEST else _cut(line) for line in lines if line is not None]


def _cut(line: LogLine) -> LogLine:
    return line._replace(text=f"{line.text[:_LONGEST]}… ({len(line.text):,} characters)")
