"""What every host offers: a machine that runs commands and a container engine."""

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
    """The connection to a host was lost while something was done there."""


class HostFullError(BringupError):
    """A host has no room for a file."""


def at(host: Host) -> str:
    """Return ` at HOST`, to follow the name of something there; empty for this machine."""
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
        """Connect to it, unless that is done.

        Raises:
            NotReadyError: It cannot be used.
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
        """Run a program in a process group of its own and wait for it; its input is empty.

        To cancel this, or to lose the connection, terminates the whole group: by SIGTERM, then within two
        seconds by SIGKILL.

        Args:
            argv: The program and its arguments.
            on_lines: Takes lines of its output and errors, decoded, without line ends, as many as have come.
            env: Variables to set beside those that the user has there.
            directory: The working directory.
            on_left: Takes what the program has left running in the background, where it succeeded. That goes
                on until the host is closed, and its output is taken; without `on_left` that is lost.

        Returns:
            Its exit status; the negative signal number where a signal ended it. Over SSH a shell reports it,
            for which statuses from 129 on are signals.

        Raises:
            FileNotFoundError: The program, or the directory, does not exist.
            PermissionError: It may not be run.
            HostLostError: The connection was lost first.
            NotReadyError: The host cannot be reached.
        """

    async def machine(self) -> Machine:
        """Return what the host reports of its hardware, system and user."""

    async def engine(self) -> ContainerEngine:
        """Return the container engine that answers there; looked for once.

        Raises:
            NotReadyError: None answers.
        """

    def scratch(self) -> AbstractAsyncContextManager[PurePath]:
        """Make a directory there that only the user may read, and remove it when the block ends."""

    async def write(self, path: PurePath, content: AsyncIterator[bytes]) -> None:
        """Write a file there.

        Raises:
            HostFullError: There is no room for it.
            OSError: It cannot be written.
            HostLostError: The connection was lost first.
        """

    async def copy(self, source: Path, path: PurePath) -> None:
        """Copy a file or directory of this machine there, as `list_tree` lists it; raises as `write` does."""

    async def forward(self, port: int, address: str = "127.0.0.1") -> int:
        """Forward a port of this machine's loopback to one there.

        Returns:
            The port here: the same number, if it is free.

        Raises:
            HostLostError: The connection was lost first.
            NotReadyError: The host does not allow it.
        """

    async def socket(self, port: int, address: str = "127.0.0.1") -> Path | None:
        """Forward a Unix socket of this machine to a port there; None if no forward is needed."""

    @property
    def loss(self) -> HostLostError | None:
        """The error for what fails now because the connection was just lost; None while there is one."""

    @property
    def forwards(self) -> Mapping[int, tuple[str, int]]:
        """The forwarded ports of this machine, each with the address and port there that it leads to."""

    def kill(self) -> None:
        """Kill at once whatever still runs: for the second Ctrl-C."""

    async def close(self) -> None:
        """Disconnect; end first what a lost connection left running there, if the host can be reached."""
