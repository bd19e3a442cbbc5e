"""Output of programs as lines, whatever the pieces that it arrives in."""

from __future__ import annotations

import codecs
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 64 * 1024
"""Characters; a longer line is cut into pieces of this length."""

REST = 0.01
"""Seconds between two readings of a stream: what comes meanwhile is handed over at once."""

_SHARE = 8  # a stream rests so many times as long as it was worked on: it never takes all of a loop

_MOST_STATES = 20  # of a progress bar, that are kept of one piece of a stream: of more the last alone

_ENDS = re.compile(r"\r+\n|\r+|\n")


class LineSplitter:
    r"""Cuts a stream of bytes into lines at `\n`, `\r\n` and `\r`.

    What a carriage return ends, such as a progress bar's state, is a line of its own, returned at once; an
    empty one is dropped. Invalid UTF-8 is replaced. The lines are the same wherever the stream is cut into
    pieces.

    Attributes:
        overwritten: The places, among the lines that were returned last, of those that a terminal would show
            no more, as something was written over them since.
    """

    def __init__(self) -> None:
        self.overwritten: list[int] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self._returned = False  # the rest is a carriage return whose line has been returned

    def feed(self, data: bytes) -> list[str]:
        """Take the next piece of the stream.

        Args:
            data: Any number of bytes.

        Returns:
            The lines that are complete now, without their ends.
        """
        return self._split(self._decoder.decode(data))

    def close(self) -> list[str]:
        """End the stream.

        Returns:
            The last line, where the stream did not end with a line's end.
        """
        lines = self._split(self._decoder.decode(b"", final=True))
        last, self._rest, self._returned = self._rest.rstrip("\r"), "", False
        return [*lines, last] if last else lines

    def _split(self, text: str) -> list[str]:
        text = self._rest + text
        self.overwritten = []
        if "\r" in text:
            return self._split_at_returns(text)
        *lines, last = text.split("\n")
        if max(map(len, lines), default=0) > LONGEST:
            lines = [piece for line in lines for piece in _pieces(line)]
        *whole, self._rest = _pieces(last)
        return lines + whole

    def _split_at_returns(self, text: str) -> list[str]:
        lines: list[str] = []
        start = 0
        for end in _ENDS.finditer(text):
            line = text[start : end.start()]
            start = end.end()
            returned, self._returned = self._returned, False
            if not returned and (line or end[0].endswith("\n")):
                pieces = _pieces(line)
                if start < len(text) and not end[0].endswith("\n"):
                    self.overwritten += range(len(lines), len(lines) + len(pieces))
                lines += pieces
            if start == len(text) and end[0].endswith("\r"):  # its "\n" may still come
                self._rest, self._returned = "\r", returned or bool(line)
                return lines
        *whole, self._rest = _pieces(text[start:])
        return lines + whole


class LineOutput:
    """A program's output, handed to a receiver line by line.

    Of a progress bar that is drawn again faster than anybody reads, only what stays for a moment is kept.
    What a line feed ends is never lost.

    Attributes:
        error: The exception that the receiver raised; it gets no lines after that.
    """

    def __init__(self, on_lines: Callable[[list[str]], None] | None, on_error: Callable[[], None]) -> None:
        """Prepare it.

        Args:
            on_lines: Takes lines; None where nobody wants them.
            on_error: Called when `on_lines` has raised: its error belongs to the program's caller, not to the
                event loop's handler.
        """
        self._on_lines = on_lines
        self._on_error = on_error
        self._splitter = LineSplitter()
        self.error: Exception | None = None

    def feed(self, data: bytes) -> float:
        """Take the next piece.

        Returns:
            Seconds for which the stream is to be left alone.
        """
        began = time.thread_time()
        lines = self._splitter.feed(data)
        if len(self._splitter.overwritten) > _MOST_STATES:
            gone = {*self._splitter.overwritten}
            lines = [line for i, line in enumerate(lines) if i not in gone]
        self._hand_over(lines)
        return max(REST, _SHARE * (time.thread_time() - began))

    def close(self) -> None:
        """End the output: hand over its last line, where that has no end."""
        self._hand_over(self._splitter.close())

    def stop(self) -> None:
        """Hand over no more."""
        self._on_lines = None

    def _hand_over(self, lines: list[str]) -> None:
        if self._on_lines is None or not lines:
            return
        try:
            self._on_lines(lines)
        except Exception as error:
            self.error = error
            self.stop()
            self._on_error()


def _pieces(line: str) -> list[str]:
    return [line[at : at + LONGEST] for at in range(0, len(line), LONGEST)] or [""]
