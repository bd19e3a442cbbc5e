"""The connection to a machine: made when it is needed, and again after it was lost."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

import asyncssh

from tui.errors import NotReadyError
from tui.hosts.host import HostLostError
from tui.hosts.ssh.facts import read_facts
from tui.hosts.ssh.forwards import Forwards
from tui.hosts.ssh.known_hosts import arguments
from tui.hosts.ssh.link import Link
from tui.hosts.ssh.login import Login
from tui.hosts.ssh.program import LostError, NoShellError, Program
from tui.hosts.ssh.remote_shell import ending, facts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from tui.hosts.ssh.facts import Facts
    from tui.hosts.ssh.login import Prompter
    from tui.plan.address import Address

_T = TypeVar("_T")

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # seconds before connecting again; the last one repeats
_FAREWELL = 3.0  # seconds to disconnect
_AGAIN = (
    10.0  # seconds to connect once more for ending what a lost connection has left: some logins take long
)
_FRESH = 3.0  # seconds after a loss in which what fails is put down to it
_FACTS = 10.0  # seconds for the machine to report its facts
_RETRY = "try again: bringup connects again, and ends what still runs there"


class Connection:
    """The connection to one machine: one or several of SSH, each of which carries only so many sessions.

    Attributes:
        name: The machine's.
        forwards: The ports and sockets forwarded over it.
        left: The process groups that may still run there after a connection was lost.
    """

    def __init__(self, address: Address, prompter: Prompter | None) -> None:
        """Prepare it.

        Args:
            address: The machine's.
            prompter: Asks the user for what is not known, until the first connection is made.
        """
        self.name = str(address)
        self.forwards = Forwards(self.name, self.get)
        self.left: set[tuple[str, str]] = set()
        self._words = arguments(address)
        self._login = Login(address, prompter)
        self._links: list[Link] = []
        self._keeper: Program | None = None
        self._facts: Facts | None = None
        self._directories: set[str] = set()
        self._connecting = asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._reason = ""
        self._lost_at = float("-inf")
        self._closing = False

    async def get(self) -> asyncssh.SSHClientConnection:
        """Return the connection; make it if there is none.

        Raises:
            NotReadyError: It cannot be made.
        """
        async with self._connecting:
            if not self._links:
                await self._connect()
            return self._links[0].connection

    async def facts(self) -> Facts:
        """Return what the machine reported of itself."""
        await self.get()
        assert self._facts is not None
        return self._facts

    @contextlib.asynccontextmanager
    async def session(self, start: Callable[[Link], Awaitable[_T]]) -> AsyncIterator[tuple[Link, _T]]:
        """Start what takes a session, on a connection that has room for it.

        How many sessions the machine allows is learned from its refusals.

        Args:
            start: Starts it; raises `asyncssh.ChannelOpenError` where the machine refuses the session.

        Raises:
            NotReadyError: The machine allows none.
        """
        while True:
            link = await self._link_with_room()
            with link.session():
                try:
                    started = await start(link)
                except asyncssh.ChannelOpenError as error:
                    if not link.refuse():
                        raise self._no_session(error) from error
                    if not link.most:
                        link.connection.close()
                    continue
                link.used = True
                yield link, started
                return

    async def _link_with_room(self) -> Link:
        async with self._connecting:
            if not self._links:
                await self._connect()
            link = next((link for link in self._links if link.has_room), None)
            if link is None:
                link = await self._open()
                self._links.append(link)
        return link

    def still_has(self, facts: Facts) -> bool:
        """Return whether the connection on which the machine reported these facts is still there."""
        return bool(self._links) and self._facts is facts

    @property
    def is_fresh_loss(self) -> bool:
        """Whether it was just lost, or is lost now."""
        stands = bool(self._links) or self._facts is None
        return not stands or asyncio.get_running_loop().time() - self._lost_at < _FRESH

    def lost(self) -> HostLostError:
        """Return the error for work that the loss of the connection has stopped."""
        return HostLostError(
            f"the connection to {self.name} was lost: {self._reason or 'it was cut'}", _RETRY
        )

    def abort(self) -> None:
        """Cut it, which ends all that runs there."""
        self._closing = True
        for link in self._links:
            link.connection.abort()

    async def close(self) -> None:
        """Disconnect; end first what an earlier connection has left, if the machine can be reached."""
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.wait({self._mending})
        if self.left and not self._closing:
            with contextlib.suppress(NotReadyError, HostLostError, TimeoutError):
                async with asyncio.timeout(_AGAIN):
                    await self.get()
        self._closing = True
        if self._keeper is not None:
            await self._keeper.end()
        for link in tuple(self._links):
            await link.close(_FAREWELL)
        await self.forwards.close()

    async def _connect(self) -> None:
        link = await self._open()
        try:
            async with asyncio.timeout(_FACTS):
                self._keeper, self._facts = await self._start_keeper(link)
            await self.forwards.restore(link.connection)
        except BaseException as error:
            is_open = link.is_open
            link.connection.abort()
            if isinstance(error, TimeoutError):
                cause = f"{self.name} runs no command within {_FACTS:g} s"
                hint = (
                    "is it overloaded, or does ~/.bashrc or the like start another shell or read input there?"
                )
                raise NotReadyError(cause, hint) from error
            if isinstance(error, asyncssh.ChannelOpenError) and is_open:
                raise self._no_session(error) from error
            if isinstance(error, asyncssh.Error | OSError):
                cause = f"the connection to {self.name} was lost at once: {_reason(error)}"
                raise NotReadyError(cause, f"does `ssh {self._words} true` work?") from error
            raise
        self._links.append(link)
        self._login.prompter = None  # the dashboard has the terminal from now on
        await self._tidy(link)

    def _no_session(self, error: asyncssh.ChannelOpenError) -> NotReadyError:
        cause = f"{self.name} allows no session: {error.reason}"
        return NotReadyError(cause, "raise MaxSessions in its sshd_config")

    async def _open(self) -> Link:
        link = Link()
        link.connection = await self._login.connect(lambda reason: self._on_loss(link, reason))
        return link

    async def _start_keeper(self, link: Link) -> tuple[Program, Facts]:
        """Start the program that reports the machine's facts and runs as long as the connection."""
        reported: list[str] = []
        ready = asyncio.Event()

        def take(lines: list[str]) -> None:
            reported.extend(lines)
            if "ready" in lines:
                ready.set()

        keeper = await Program.start(link.connection, ("sh", "-c", facts()), {}, None, take)
        link.sessions += 1
        link.used = True
        reporting, ended = asyncio.ensure_future(ready.wait()), asyncio.ensure_future(keeper.finish())
        try:
            await asyncio.wait({reporting, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.is_set():
                raise await self._no_shell(ended, reported)
        finally:
            reporting.cancel()
            ended.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody waits for it
        return keeper, read_facts(reported)

    async def _no_shell(self, ended: asyncio.Future[int], said: Iterable[str]) -> NotReadyError:
        try:
            await ended
        except LostError:
            cause = f"{self.name} ended the connection at once"
            return NotReadyError(cause, f"does `ssh {self._words} true` work?")
        except (NoShellError, OSError) as error:
            said = [str(error)]
        return no_shell(self.name, " ".join(filter(None, said)))

    def _on_loss(self, link: Link, reason: Exception | None) -> None:
        if link not in self._links:  # it was never in use
            return
        is_first = self._links[0] is link
        self._links.remove(link)
        self._reason, self._lost_at = _reason(reason), asyncio.get_running_loop().time()
        if self._closing or not is_first:
            return
        others, self._links = self._links, []
        for other in others:  # forwards and the private directory have gone with the first
            other.connection.abort()
        if self._facts is not None and self._facts.directory:
            self._directories.add(self._facts.directory)
        if self._keeper is not None and self._keeper.group is not None:
            self.left.add(self._keeper.group)
        if self._mending is None or self._mending.done():
            self._mending = asyncio.get_running_loop().create_task(self._mend())

    async def _mend(self) -> None:
        """Connect again, as often as it takes."""
        count = 0
        while not self._links and not self._closing:
            await asyncio.sleep(_PAUSES[min(count, len(_PAUSES) - 1)])
            count += 1
            with contextlib.suppress(NotReadyError):
                await self.get()

    async def _tidy(self, link: Link) -> None:
        """End what an earlier connection has left running there, and remove its directories."""
        groups, directories = tuple(self.left), tuple(self._directories)
        if not groups and not directories:
            return
        script = "\n".join((ending(groups), *(f'rm -rf "{directory}"' for directory in directories)))
        with contextlib.suppress(LostError, asyncssh.Error, OSError):
            program = await Program.start(link.connection, ("sh", "-c", script), {}, None, None)
            await program.finish()
            self.left.difference_update(groups)
            self._directories.difference_update(directories)


def no_shell(name: str, said: str) -> NotReadyError:
    """Return the error for a machine that does not run commands."""
    cause = f"{name} runs no commands: {said or 'it says nothing'}"
    return NotReadyError(cause, "the user there needs a login shell, and sh")


def _reason(reason: Exception | None) -> str:
    if reason is None:
        return "the other side ended it"
    if isinstance(reason, asyncssh.Error) and reason.reason not in ("", "Connection lost"):
        return reason.reason
    if isinstance(reason, asyncssh.ConnectionLost):
        return "it was cut"
    return str(reason) or type(reason).__name__
