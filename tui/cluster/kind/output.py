"""Running the `kind` command, and what its output means."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.hosts.host import at
from tui.plan.recognition import hint_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import PurePath

    from tui.hosts.host import Host
    from tui.reporter import Reporter, Span

_STEP = re.compile(r"^ (?P<mark>[•✓✗]) (?P<text>.*?)(?P<begins>\s*\.\.\.)?$")
_ORNAMENT = re.compile(r"[^\w)]+$")
_COMMAND = re.compile(r'command "(?P<program>\S+(?: \S+)?).*" failed with error: (?P<status>.*)')
_TELLING = (  # what tells most of a failed command's output, best first
    re.compile(r"Error response from daemon: (.+)"),
    re.compile(r"(?i)^(?:Command Output: )?error(?: execution phase [^:]+)?: (.+)"),
    re.compile(r"^\[kubelet-check\] (.+)"),
)
# A line of Go's traces, which kubeadm prints below each of its errors: a function, or the place in it.
_TRACED = re.compile(r"(?:main|runtime|[\w-]+\.[\w.-]+/\S+)\.\S+|\t\S+\.(?:go|s):\d+")
_KEPT = 15  # lines shown with an error
_READ = 200  # lines in which a known failure is looked for


class Output:
    """The lines of one run of `kind`: reports them, and makes spans of its steps.

    Args:
        report: Takes them.
        on_step: Called with the name of each step of kind's that succeeded.

    Attributes:
        current: The step that it is at, or was at last.
        lines: The last lines.
    """

    def __init__(self, report: Reporter, on_step: Callable[[str], None] | None = None) -> None:
        self._report = report
        self._on_step = on_step
        self._span: Span | None = None
        self.current = ""
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self._error = ""
        self._said: deque[str] = deque(maxlen=_READ)  # since the error
        self._scope = "kind"

    async def follow(self, argv: Sequence[str], host: Host, directory: PurePath | None = None) -> int:
        """Run the command against the host's container engine.

        Args:
            argv: The command.
            host: The cluster's host.
            directory: Where it runs, if the host shares our files.

        Returns:
            Its exit status.

        Raises:
            ActionError: There is no such command.
        """
        self._scope = f"kind.{argv[1]}"
        engine = await host.engine()
        place = directory if host.shares_files else None
        try:
            return await host.run(argv, on_lines=self.take, env=engine.environment, directory=place)
        except FileNotFoundError as error:
            cause = f"the `kind` command is not installed{at(host)}"
            raise ActionError(cause, "install it: https://kind.sigs.k8s.io") from error
        finally:
            self.close()

    def take(self, lines: list[str]) -> None:
        """Process new lines."""
        told = [line for line in lines if not _TRACED.fullmatch(line)]
        self._report.log(told)
        for line in told:
            self._read(line)

    def _read(self, line: str) -> None:
        if line.strip():
            self.lines.append(line)
        if self._error:
            self._said.append(line)
        elif line.lower().startswith("error: "):
            self._error = line.partition(": ")[2]
        step = _STEP.match(line)
        if step is None:
            return
        self.close()
        name = _ORNAMENT.sub("", step["text"])
        if step["begins"]:
            self.current = name
            self._span = self._report.span(name)
        elif step["mark"] == "✓" and self._on_step is not None:
            self._on_step(name)

    def close(self) -> None:
        """Finish the span of the step that it is at."""
        if self._span is not None:
            self._span.close()
            self._span = None

    def failure(self, what: str, status: int) -> ActionError:
        """Return the error that the lines show.

        Args:
            what: What could not be done, such as `cluster demo could not be created`.
            status: The command's exit status.
        """
        step = f" (at {self.current!r})" if self.current else ""
        reason = self._reason() or f"kind exited with status {status}"
        hint = hint_for("\n".join((reason, *(self._said if self._error else self.lines))), self._scope)
        return ActionError(f"{what}{step}: {reason}", hint, tuple(self.lines))

    def _reason(self) -> str:
        """Return kind's error, with what the command that it ran said in place of its arguments."""
        error = self._error.removeprefix("failed to create cluster: ")
        if error.endswith(":") and self._said:
            error += f" {self._said[0].strip()}"
        ran = _COMMAND.search(error)
        if ran is None:
            return error
        found = (match for each in _TELLING for line in reversed(self._said) if (match := each.search(line)))
        told = next((match[1].strip() for match in found), ran["status"])
        if told == ran["status"] and len(self._said) == 1:
            told = self._said[0].removeprefix("Command Output: ").strip() or told
        return f"{error[: ran.start()]}`{ran['program']}` failed: {told}"
