"""What every host offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tui.hosts.containers import ContainerEngine


class Host(Protocol):
    """A machine that runs commands and a container engine."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        on_lines: Callable[[list[str]], None] | None = None,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stdin: bytes | None = None,
    ) -> int:
        """Runs a program in a process group of its own until it ends.

        Cancelling it ends the whole group: asked to at first, then killed within two seconds.

        Args:
            argv: The program and its arguments.
            on_lines: Takes the lines of its output and errors, whole, decoded, without their ends; as many at
                once as have come.
            env: Variables over those of bringup itself.
            folder: Where it runs.
            stdin: What it reads; nothing if absent.

        Returns:
            Its exit status; negative where a signal ended it.

        Raises:
            FileNotFoundError: There is no such program.
        """

    async def engine(self) -> ContainerEngine:
        """The container engine that answers here, found once.

        Raises:
            NotReadyError: None answers.
        """

    def kill(self) -> None:
        """Kills at once whatever still runs: for the second Ctrl-C."""
