"""Makes standard input, output and error usable, however they were given."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_MODES = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))
_PLAIN = {
    "✓": "+", "✗": "x", "⊘": "/", "○": "o", "◐": "*", "●": "*", "▶": ">", "→": "->", "←": "<-", "↻": "@",
    "│": "|", "─": "-", "├": "|", "└": "`", "·": "-", "…": "...", "–": "-", "—": "-", "×": "x", "“": '"',
    "”": '"', "’": "'", "█": "#", "▓": "#", "▒": "=", "░": "-", "≥": ">=", "≤": "<=",
}  # fmt: skip
"""Replacements for glyphs that an encoding lacks; a `?` for each would make failure look like success."""


def prepare() -> None:
    """Open the streams that are closed, and have the others write everything in their encoding."""
    codecs.register_error("bringup-plain", _plain)
    for number, (name, mode) in enumerate(_MODES):
        if getattr(sys, name) is None:  # closed by `>&-`: a file opened later would get its number
            _open(number, name, mode)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        is_file = isinstance(stream.buffer, io.BufferedWriter | io.FileIO)  # and none of a test's
        is_unheard = name == "stderr" and is_file and not stream.isatty()
        if is_unheard or isinstance(stream.buffer, io.RawIOBase):
            stream = _buffered(stream, _Unheard if is_unheard else io.FileIO)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)  # the dashboard writes there
        stream.reconfigure(errors="bringup-plain")


def discard() -> None:
    """Discard all that is printed from now on, and what could not be written so far."""
    with contextlib.suppress(OSError, ValueError):
        number = os.open(os.devnull, os.O_WRONLY)
        os.dup2(number, sys.stdout.fileno())
        os.close(number)


def flush() -> OSError | None:
    """Flush both outputs; return the error if that fails."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            return error
    return None


def _open(number: int, name: str, mode: int) -> None:
    opened = os.open(os.devnull, mode)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    stream = os.fdopen(number, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False)
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that cannot be encoded; for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in lacking), error.end


class _Unheard(io.FileIO):
    """A standard error that nobody can be told of if it takes nothing: what is written then is lost."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write data."""
        try:
            return super().write(data)
        except OSError:  # such as `2>&1 | head`
            return memoryview(data).nbytes


def _buffered(stream: io.TextIOWrapper, kind: type[io.FileIO]) -> io.TextIOWrapper:
    """Return the stream with a buffer.

    PYTHONUNBUFFERED leaves it without one, and then Python loses the rest of a partial write. Signals cause
    those when a pipe or terminal is full: a stop, a new window size, the end of a child.
    """
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        line_buffering=True,
    )
