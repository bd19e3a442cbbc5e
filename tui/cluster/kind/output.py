"""What the `kind` command prints, and what it means."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.actions.context import Context
    from tui.hosts.container_engine import ContainerEngine
    from tui.reporter import Span

_STEP = re.compile(r"^ (?P<mark>[•✓✗]) (?P<text>.*?)(?P<begins>\s*\.\.\.)?$")
_ORNAMENT = re.compile(r"[^\w)]+$")
_KEPT = 15  # lines shown with an error

# What kind alone suffers from; what others do too is known to tui.plan.failures.
_HINTS = (
    (
        r"port is already allocated|address already in use|ports are not available",
        "free the host port that is named, or map another in the plan's Kind configuration",
    ),
    (
        r"file should only be one line, got 0 lines",
        "Podman lost the output of a command, as its service sometimes does: try again",
    ),
    (
        r"could not find a log line that matches .*Multi-User",
        "the node's systemd did not start: look at cgroups and inotify limits, `bringup doctor` checks both",
    ),
    (
        # Not kind's own notice, which it gives at every start on cgroup v1.
        r"(?<!please upgrade to )cgroup(?! v1 is deprecated)",
        "the node image may not fit this machine's cgroup version: see `bringup doctor`",
    ),
    (
        r"pull access denied|failed to pull image",
        "the node image could not be pulled: pull it by hand to see why, or name another with `image`",
    ),
    (r"permission denied", "let this user use the engine: `bringup doctor` says how"),
    (
        r"[Tt]imed out waiting for Ready|kubelet.*not.*healthy|timed out waiting for the condition",
        "the machine may be short of memory or CPU, or `wait` too short: see `bringup doctor`",
    ),
)


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
        return ActionError(f"{what}{at}: {reason}", hint_for("\n".join(self.lines)), tuple(self.lines))


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


def hint_for(text: str) -> str:
    """What helps against a failure that is known by what was printed."""
    return next((hint for pattern, hint in _HINTS if re.search(pattern, text)), "")
