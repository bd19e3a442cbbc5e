"""The connection to the other machine: made when it is wanted, made again when it was lost."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

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
    from collections.abc import AsyncIterator, Iterable

    from tui.hosts.ssh.facts import Facts
    from tui.hosts.ssh.login import Prompter
    from tui.plan.address import Address

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # seconds before each try to connect again; the last one repeats
_FAREWELL = 3.0  # seconds for the last words to a machine
_FRESH = 3.0  # seconds in which what fails is taken for a loss's doing
_FACTS = 10.0  # seconds for it to tell of itself
_RETRY = "try again: bringup connects anew, and ends what still runs there"


class Connection:
    """The connection to one machine, which may be several of SSH's: each carries only so many sessions.

    Attributes:
        name: The machine's.
        forwards: The forwards through it.
        left: Process groups that were running there when a connection was lost.
    """

    def __init__(self, address: Address, prompter: Prompter | None) -> None:
        """Prepares it.

        Args:
            address: Where it leads.
            prompter: Asks the user for what is not known, until it stands for the first time.
        """
        self.name = str(address)
        self.forwards = Forwards(self.name, self.stand)
        self.left: set[tuple[str, str]] = set()
        self._words = arguments(address)
        self._login = Login(address, prompter)
        self._links: list[Link] = []
        self._keeper: Program | None = None
        self._facts: Facts | None = None
        self._folders: set[str] = set()
        self._connecting = asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._reason = ""
        self._lost_at = float("-inf")
        self._closing = False

    async def stand(self) -> asyncssh.SSHClientConnection:
        """The connection, made if there is none.

        Raises:
            NotReadyError: It cannot be had.
        """
        async with self._connecting:
            if not self._links:
                await self._connect()
            return self._links[0].connection

    async def facts(self) -> Facts:
        """What the machine said of itself."""
        await self.stand()
        assert self._facts is not None
        return self._facts

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[Link]:
        """Room for one more session."""
        async with self._connecting:
            if not self._links:
                await self._connect()
            link = next((link for link in self._links if link.has_room), None)
            if link is None:
                link = await self._open()
                self._links.append(link)
        link.sessions += 1
        try:
            yield link
        finally:
            link.sessions -= 1

    def is_as_when_told(self, facts: Facts) -> bool:
        """Whether the connection still stands on which the machine told of itself."""
        return bool(self._links) and self._facts is facts

    @property
    def is_fresh_loss(self) -> bool:
        """Whether it has been lost just so, or has not been made again since."""
        stands = bool(self._links) or self._facts is None
        return not stands or asyncio.get_running_loop().time() - self._lost_at < _FRESH

    def lost(self) -> HostLostError:
        """What is said of something that the connection was lost in."""
        return HostLostError(
            f"the connection to {self.name} was lost: {self._reason or 'it was cut'}", _RETRY
        )

    def abort(self) -> None:
        """Cuts it, of which all that runs there ends."""
        self._closing = True
        for link in self._links:
            link.connection.abort()

    async def close(self) -> None:
        """Ends it; what an earlier one has left is ended first, where the machine can be reached."""
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.wait({self._mending})
        if self.left and not self._closing:
            with contextlib.suppress(NotReadyError, HostLostError, TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self.stand()
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
                self._keeper, self._facts = await self._greet(link)
            await self.forwards.restore(link.connection)
        except BaseException as error:
            link.connection.abort()
            if isinstance(error, TimeoutError):
                cause = f"{self.name} runs no command within {_FACTS:g} s"
                raise NotReadyError(cause, "is it overloaded?") from error
            if isinstance(error, asyncssh.Error | OSError):
                cause = f"the connection to {self.name} ended as soon as it stood: {_said(error)}"
                raise NotReadyError(cause, f"does `ssh {self._words} true` work?") from error
            raise
        self._links.append(link)
        self._login.prompter = None  # from now on the screen is somebody else's
        await self._tidy(link)

    async def _open(self) -> Link:
        link = Link()
        link.connection = await self._login.connect(lambda reason: self._take_loss(link, reason))
        return link

    async def _greet(self, link: Link) -> tuple[Program, Facts]:
        """Has the machine tell of itself, by a program that goes on for as long as the connection stands."""
        said: list[str] = []
        told = asyncio.Event()

        def heed(lines: list[str]) -> None:
            said.extend(lines)
            if "ready" in lines:
                told.set()

        keeper = await Program.start(link.connection, ("sh", "-c", facts()), {}, None, heed)
        link.sessions += 1
        telling, ended = asyncio.ensure_future(told.wait()), asyncio.ensure_future(keeper.finish())
        try:
            await asyncio.wait({telling, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not told.is_set():
                raise await self._no_shell(ended, said)
        finally:
            telling.cancel()
            ended.add_done_callback(lambda done: done.cancelled() or done.exception())  # it is not waited for
        return keeper, read_facts(said)

    async def _no_shell(self, ended: asyncio.Future[int], said: Iterable[str]) -> NotReadyError:
        try:
            await ended
        except LostError:
            cause = f"{self.name} ended the connection at once"
            return NotReadyError(cause, f"does `ssh {self._words} true` work?")
        except (NoShellError, OSError) as error:
            said = [str(error)]
        return no_shell(self.name, " ".join(filter(None, said)))

    def _take_loss(self, link: Link, reason: Exception | None) -> None:
        if link not in self._links:  # it has never stood
            return
        is_first = self._links[0] is link
        self._links.remove(link)
        self._reason, self._lost_at = _said(reason), asyncio.get_running_loop().time()
        if self._closing or not is_first:
            return
        others, self._links = self._links, []
        for other in others:  # the ways and the private folder have gone with the first
            other.connection.abort()
        if self._facts is not None and self._facts.folder:
            self._folders.add(self._facts.folder)
        if self._keeper is not None and self._keeper.group is not None:
            self.left.add(self._keeper.group)
        if self._mending is None or self._mending.done():
            self._mending = asyncio.get_running_loop().create_task(self._mend())

    async def _mend(self) -> None:
        """Connects again as soon as that can be had."""
        tries = 0
        while not self._links and not self._closing:
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1
            with contextlib.suppress(NotReadyError):
                await self.stand()

    async def _tidy(self, link: Link) -> None:
        """Ends what an earlier connection has left, where that did not end by itself."""
        groups, folders = tuple(self.left), tuple(self._folders)
        if not groups and not folders:
            return
        script = "\n".join((ending(groups), *(f'rm -rf "{folder}"' for folder in folders)))
        with contextlib.suppress(LostError, asyncssh.Error, OSError):
            program = await Program.start(link.connection, ("sh", "-c", script), {}, None, None)
            await program.finish()
            self.left.difference_update(groups)
            self._folders.difference_update(folders)


def no_shell(name: str, said: str) -> NotReadyError:
    """What is said of a machine that does not run what it is told to."""
    cause = f"{name} runs no commands: {said or 'it says nothing'}"
    return NotReadyError(cause, "the user there needs a login shell, and sh")


def _said(reason: Exception | None) -> str:
    if reason is None:
        return "the other side ended it"
    if isinstance(reason, asyncssh.Error) and reason.reason not in ("", "Connection lost"):
        return reason.reason
    if isinstance(reason, asyncssh.ConnectionLost):
        return "it was cut"
    return str(reason) or type(reason).__name__
