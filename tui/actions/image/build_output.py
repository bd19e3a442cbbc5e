"""Turns a build's messages into log lines, spans and progress."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from tui.actions.image.layers import Layers
from tui.clients.engine_api import failure_of
from tui.errors import ActionError
from tui.hosts.lines import LineSplitter
from tui.plan.recognition import hint_for
from tui.text import ESCAPE

if TYPE_CHECKING:
    from tui.clients.engine_api import Message
    from tui.reporter import Reporter, Span

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?(?:Step|STEP) (?P<number>\d+)/(?P<count>\d+)\s?: (?P<instruction>.*)$")
_STATUS = re.compile(r"returned a non-zero code: (\d+)|exit status (\d+)")
_NOISE = re.compile(r" ---> |Removing intermediate container |-->")
_CORRECT = "correct the instruction, then run the task again"
_KEPT = 20  # lines shown with an error


class BuildOutput:
    """Follows a build's messages.

    Args:
        report: Told of lines, spans and progress.

    Attributes:
        identity: The image's ID, once the engine has told it.
        lines: The last lines, without the builder's own noise.
    """

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._splitter = LineSplitter()
        self._span: Span | None = None
        self._instruction = ""
        self._count = 0
        self._layers = Layers()
        self.identity = ""
        self.lines: deque[str] = deque(maxlen=_KEPT)

    def take(self, message: Message) -> None:
        """Process a message.

        Raises:
            ActionError: It says that the build failed.
        """
        if text := failure_of(message):
            raise self._failure(message, text)
        if "stream" in message:
            text = str(message["stream"])
            if _NOISE.match(text):  # a program's last line before it may lack its end
                self._tell(self._splitter.close())
            self._tell(self._splitter.feed(text.encode()))
        elif "aux" in message:
            self.identity = str((message["aux"] or {}).get("ID", "")) or self.identity
        elif "status" in message:
            self._status(message)

    def state(self) -> str:
        """Return what is still to be done, in words."""
        return f"the build was still at {self._instruction or 'its start'}"

    def close(self) -> None:
        """End the step that it is at."""
        self._tell(self._splitter.close())
        if self._span is not None:
            self._span.close()

    def _tell(self, raw: list[str]) -> None:
        lines = [line for line in (ESCAPE.sub("", each) for each in raw) if line.strip()]
        if lines:
            self._report.log(lines)
        for line in lines:
            self._read(line)

    def _read(self, line: str) -> None:
        if not _NOISE.match(line):
            self.lines.append(line)
        step = _STEP.match(line)
        if step is not None:
            self._begin(int(step["number"]), int(step["count"]), step["instruction"])
        elif line.startswith("Successfully built ") and self._count:
            self._report.progress(self._count, self._count, "steps")

    def _begin(self, number: int, count: int, instruction: str) -> None:
        if self._span is not None:
            self._span.close()
        self._instruction, self._count = instruction, count
        self._span = self._report.span(f"step {number}", instruction)
        self._report.progress(number - 1, count, "steps", instruction)

    def _status(self, message: Message) -> None:
        if self._layers.take(message):
            self._report.progress(self._layers.done, self._layers.total, "B", "pull")
        else:
            self._tell([" ".join(filter(None, (str(message.get("id", "")), str(message["status"]))))])

    def _failure(self, message: Message, text: str) -> ActionError:
        self._tell(self._splitter.close())
        text = ESCAPE.sub("", text).strip()
        status = (message.get("errorDetail") or {}).get("code") or next(
            (a or b for a, b in _STATUS.findall(text)), None
        )
        runs = self._instruction.startswith("RUN")
        if status and runs:
            cause = f"{self._instruction} returned {status}"
        else:
            cause = f"the build failed at {self._instruction or 'its start'}: {text}"
        details = tuple(self.lines) if text in cause or "non-zero code" in text else (*self.lines, text)
        told = "\n".join((*self.lines, text))
        # What a program in a build says of logins or certificates is not of the image's registry.
        hint = hint_for(told, "build") or _CORRECT if runs else hint_for(told, "image.build")
        return ActionError(cause, hint, details)
