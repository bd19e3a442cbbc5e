"""Standard output and error, made fit for what is printed there."""

from __future__ import annotations

import io
import sys


def prepare() -> None:
    """Has both write all that they are given, whatever the user's settings and terminal are."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if isinstance(stream.buffer, io.RawIOBase):
            stream = _buffered(stream)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)  # the dashboard writes there
        stream.reconfigure(errors="replace")  # a terminal that lacks a glyph shows a ? and not an error


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
