"""What every host offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path, PurePath

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.machine import Machine


class HostLostError(BringupError):
    """The connection to a host ended while something was done there."""


class HostFullError(BringupError):
    """A host has no room for a file."""


def at(host: Host) -> str:
    """Where something is, as it is appended to its name; nothing for this machine."""
    return f" at {host.location}" if host.location else ""


class Host(Protocol):
    """A machine that runs commands and a container engine.

    Attributes:
        name: `local`, or `user@host` as it was given.
        location: What messages call it to tell it from this machine; empty for this machine.
        shares_files: Whether a path here is the same file there.
        shares_loopback: Whether its loopback is ours: its ports need no forward.
        shares_kernel: Whether its processes and sockets are seen from here, as in `/proc`.
    """

    name: str
    location: str
    shares_files: bool
    shares_loopback: bool
    shares_kernel: bool

    async def connect(self) -> None:
        """Makes sure that it can be used.

        Raises:
            NotReadyError: It cannot.
        """

    async def run(
        self,
        argv: Sequence[str],
        *,
        on_lines: Callable[[list[str]], None] | None = None,
        env: Mapping[str, str] | None = None,
        directory: PurePath | None = None,
        on_left: Callable[[str], None] | None = None,
    ) -> int:
        """Runs a program in a process group of its own until it ends; it reads nothing.

        Cancelling it ends the whole group: asked to at first, then killed within two seconds. So does the end
        of the connection to it.

        Args:
            argv: The program and its arguments.
            on_lines: Takes the lines of its output and errors, whole, decoded, without their ends; as many at
                once as have come.
            env: Variables over those that its user has there.
            directory: Where it runs.
            on_left: Told what the program has left running in the background, where it succeeded. That
                goes on until the host is closed, and its output is taken; without `on_left` that is lost.

        Returns:
            Its exit status; negative where a signal ended it. Over SSH a shell tells it, to which statuses
            from 129 on are signals.

        Raises:
            FileNotFoundError: There is no such program, or folder.
            PermissionError: It is none that may be run.
            HostLostError: The connection ended first.
            NotReadyError: The host cannot be reached.
        """

    async def machine(self) -> Machine:
        """What it says of its machine."""

    async def engine(self) -> ContainerEngine:
        """The container engine that answers there, found once.

        Raises:
            NotReadyError: None answers.
        """

    def scratch(self) -> AbstractAsyncContextManager[PurePath]:
        """A folder there of the user's alone, gone with all that is in it when the block ends."""

    async def write(self, path: PurePath, content: AsyncIterator[bytes]) -> None:
        """Writes a file there.

        Raises:
            HostFullError: There is no room for it.
            OSError: It cannot be written.
            HostLostError: The connection ended first.
        """

    async def copy(self, source: Path, path: PurePath) -> None:
        """Copies a file or folder of this machine there; raises as `write` does."""

    async def forward(self, port: int, address: str = "127.0.0.1") -> int:
        """The port of this machine's loopback that leads to one there, the same number if that can be had.

        Raises:
            HostLostError: The connection ended first.
            NotReadyError: The host does not allow it.
        """

    async def socket(self, port: int, address: str = "127.0.0.1") -> Path | None:
        """A Unix socket of this machine that leads to a port there; None where one connects directly."""

    @property
    def loss(self) -> HostLostError | None:
        """What is said of what fails now, if the connection has been lost just so; None if it stands."""

    @property
    def forwards(self) -> Mapping[int, tuple[str, int]]:
        """The ports of this machine that lead there, each with the address and port that it leads to."""

    def kill(self) -> None:
        """Kills at once whatever still runs: for the second Ctrl-C."""

    async def close(self) -> None:
        """Lets go of it; ends what a lost connection has left there, if it can be reached."""
