"""What the `kind` command prints, and what it means."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.plan.failures import hint_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.actions.context import Context
    from tui.hosts.container_engine import ContainerEngine
    from tui.reporter import Span

_STEP = re.compile(r"^ (?P<mark>[•✓✗]) (?P<text>.*?)(?P<begins>\s*\.\.\.)?$")
_ORNAMENT = re.compile(r"[^\w)]+$")
_KEPT = 15  # lines shown with an error


class Output:
    """Follows the command's lines: tells them, and makes spans of its steps.

    Args:
        ctx: Where they are told.

    Attributes:
        current: The step that it is at, or was at last.
        lines: The last lines.
        late: Whether it gave up waiting for the control plane, which it does not call a failure.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._span: Span | None = None
        self.current = ""
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self.late = False
        self._error = ""

    async def follow(self, argv: Sequence[str], engine: ContainerEngine) -> int:
        """Runs the command; see `run_kind`."""
        try:
            return await run_kind(self._ctx, argv, engine, self.take)
        finally:
            self.close()

    def take(self, lines: list[str]) -> None:
        """Takes the lines that have come."""
        self._ctx.log(lines)
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
        self.late = self.late or "WARNING: Timed out waiting" in line
        self.close()
        if step["begins"]:
            self.current = _ORNAMENT.sub("", step["text"])
            self._span = self._ctx.span(self.current)

    def close(self) -> None:
        """Ends the step that it is at."""
        if self._span is not None:
            self._span.close()
            self._span = None

    def failure(self, what: str, status: int) -> ActionError:
        """The error that the lines tell of.

        Args:
            what: What could not be done, such as `cluster demo could not be created`.
            status: The command's exit status.
        """
        reason = self._error or f"kind exited with status {status}"
        at = f" (at {self.current!r})" if self.current else ""
        return ActionError(
            f"{what}{at}: {reason}", hint_for("\n".join(self.lines), "kind.create"), tuple(self.lines)
        )


async def run_kind(
    ctx: Context, argv: Sequence[str], engine: ContainerEngine, on_lines: Callable[[list[str]], None]
) -> int:
    """Runs the `kind` command against an engine.

    Returns:
        Its exit status.

    Raises:
        ActionError: There is no such command.
    """
    try:
        host = ctx.cluster_host
        folder = ctx.folder if host.shares_files else None
        return await host.run(argv, on_lines=on_lines, env=engine.environment, directory=folder)
    except FileNotFoundError as error:
        raise ActionError(
            "the kind command is not installed", "https://kind.sigs.k8s.io/docs/user/quick-start says how"
        ) from error
