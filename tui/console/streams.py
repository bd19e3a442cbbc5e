"""Standard input, output and error, made fit for what is read and printed there."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys

_MODES = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))
_PLAIN = {
    "✓": "+", "✗": "x", "⊘": "/", "○": "o", "◐": "*", "●": "*", "▶": ">", "→": "->", "←": "<-", "↻": "@",
    "│": "|", "─": "-", "├": "|", "└": "`", "·": "-", "…": "...", "–": "-", "—": "-", "×": "x", "“": '"',
    "”": '"', "’": "'", "█": "#", "▓": "#", "▒": "=", "░": "-", "≥": ">=", "≤": "<=",
}  # fmt: skip
"""What stands for a glyph that the terminal's encoding lacks; a `?` would make failure and success alike."""


def prepare() -> None:
    """Have all three open, and all written that is printed, whatever the user's settings and terminal are."""
    codecs.register_error("bringup-plain", _plain)
    for number, (name, mode) in enumerate(_MODES):
        if getattr(sys, name) is None:  # closed, as by `>&-`: a file opened later would get its number
            _open(number, name, mode)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if isinstance(stream.buffer, io.RawIOBase):
            stream = _buffered(stream)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)  # the dashboard writes there
        stream.reconfigure(errors="bringup-plain")


def discard() -> None:
    """Let all that is printed from now on go nowhere, and with it what could not be printed."""
    with contextlib.suppress(OSError, ValueError):
        number = os.open(os.devnull, os.O_WRONLY)
        os.dup2(number, sys.stdout.fileno())
        os.close(number)


def flush() -> OSError | None:
    """Write what is left to write; returns why it cannot be written, if so."""
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
    stream = open(number, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Put something plain in place of characters that cannot be encoded; for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in lacking), error.end


def _buffered(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """The same with a buffer, so that nothing is lost.

    Where PYTHONUNBUFFERED is set there is none, and Python drops what one call to the system has left. A full
    pipe or terminal makes it leave something where it is interrupted: by a stop and going on, by a window's
    new size, by the end of a program that was started. A buffer writes the rest.
    """
    return io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        line_buffering=True,
    )
