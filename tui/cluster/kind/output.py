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
_KEPT = 15  # lines shown with an error


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
        self._report.log(lines)
        for line in lines:
            self._read(line)

    def _read(self, line: str) -> None:
        if line.strip():
            self.lines.append(line)
        if line.startswith("ERROR: ") and not self._error:
            self._error = line.removeprefix("ERROR: ")
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
        reason = self._error or f"kind exited with status {status}"
        step = f" (at {self.current!r})" if self.current else ""
        hint = hint_for("\n".join(self.lines), "kind")
        return ActionError(f"{what}{step}: {reason}", hint, tuple(self.lines))
