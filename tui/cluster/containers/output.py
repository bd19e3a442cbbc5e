"""Running a maker's program, and what its output means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from tui.cluster.programs import PROGRAMS
from tui.errors import ActionError
from tui.hosts.host import at
from tui.plan.recognition import hint_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePath

    from tui.cluster.containers.maker import Maker
    from tui.hosts.host import Host
    from tui.reporter import Reporter, Span

_KEPT = 15  # lines shown with an error
_READ = 200  # lines in which a known failure is looked for


class Output(ABC):
    """The lines of one run of a maker's program: reports them, and makes spans of its steps.

    Args:
        maker: Whose they are.
        report: Takes them.
        on_nodes: Called when all containers that are nodes are there.

    Attributes:
        current: The step that it is at, or was at last.
        lines: The last lines.
        error: What it says went wrong; empty if nothing.
    """

    def __init__(self, maker: Maker, report: Reporter, on_nodes: Callable[[], None] | None = None) -> None:
        self._maker = maker
        self._report = report
        self._on_nodes = on_nodes or (lambda: None)
        self._span: Span | None = None
        self.current = ""
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self.error = ""
        self._said: deque[str] = deque(maxlen=_READ)  # since the error
        self._scope = maker.name

    async def follow(
        self,
        argv: Sequence[str],
        host: Host,
        directory: PurePath | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Run the program against the host's container engine.

        Args:
            argv: The command.
            host: The cluster's host.
            directory: Where it runs, if the host shares our files.
            env: Further variables.

        Returns:
            Its exit status.

        Raises:
            ActionError: There is no such program.
        """
        if "create" in argv:
            self._scope = f"{self._maker.name}.create"
        engine = await host.engine()
        place = directory if host.shares_files else None
        env = {**engine.environment, **self._maker.environment, **(env or {})}
        try:
            return await host.run(argv, on_lines=self.take, env=env, directory=place)
        except FileNotFoundError as error:
            cause = f"the `{self._maker.name}` command is not installed{at(host)}"
            raise ActionError(cause, f"install it: {PROGRAMS[self._maker.name].home}") from error
        finally:
            self.close()

    async def carry_out(self, what: str, argv: Sequence[str], host: Host) -> None:
        """Run the program against the host's container engine.

        Args:
            what: What could not be done if it fails, such as `cluster demo could not be stopped`.
            argv: The command.
            host: The cluster's host.

        Raises:
            ActionError: It failed.
        """
        if status := await self.follow(argv, host):
            raise self.failure(what, status)

    def take(self, lines: list[str]) -> None:
        """Process new lines."""
        told = [text for line in lines if (text := self._told(line)) is not None]
        self._report.log(told)
        for line in told:
            if line.strip():
                self.lines.append(line)
            if self.error:
                self._said.append(line)
            self._read(line)

    def _told(self, line: str) -> str | None:
        """Return a line as it is told; None if it says nothing to anybody."""
        return line

    @abstractmethod
    def _read(self, line: str) -> None:
        """Take up what a line says: a step, an error."""

    def _begin(self, step: str, subject: str = "") -> None:
        """Begin the span of a step."""
        self.close()
        self.current = f"{step} {subject}".strip()
        self._span = self._report.span(step, subject)

    def close(self) -> None:
        """Finish the span of the step that it is at."""
        if self._span is not None:
            self._span.close()
            self._span = None

    def failure(self, what: str, status: int, more: Sequence[str] = ()) -> ActionError:
        """Return the error that the lines show.

        Args:
            what: What could not be done, such as `cluster demo could not be created`.
            status: The command's exit status.
            more: The last that nodes said.
        """
        step = f" (at {self.current!r})" if self.current else ""
        last = self._telling(more)
        reason = self._reason(last) or f"{self._maker.name} exited with status {status}"
        said = self._said if self.error else self.lines
        hint = hint_for("\n".join(last or (reason, *said)), self._scope)
        return ActionError(f"{what}{step}: {reason}", hint, (*self.lines, *more)[-_KEPT:])

    @abstractmethod
    def _telling(self, more: Sequence[str]) -> Sequence[str]:
        """Return of what nodes said last that which tells why they do not start."""

    @abstractmethod
    def _reason(self, last: Sequence[str]) -> str:
        """Return the error in the words that tell most; empty if it said none.

        Args:
            last: What nodes said of why they do not start.
        """
