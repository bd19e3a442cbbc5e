"""This machine as a host."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import glob
import os
import platform
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.hosts.cpu_account import charge
from tui.hosts.host import HostFullError
from tui.hosts.local_program import Program, groups_of, send_signal
from tui.hosts.tree import list_tree
from tui.plan.address import LOCAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import PurePath

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.machine import Machine

_FULL = (errno.ENOSPC, errno.EDQUOT)


class LocalHost:
    """This machine: each of its programs runs in a session of its own.

    Args:
        environment: Variables for programs and for finding the container engine; those of bringup itself
            if absent.
        cache: Where temporary directories are made; the system's own place if absent.
    """

    name = LOCAL
    location = ""
    shares_files = shares_loopback = shares_kernel = True

    def __init__(self, environment: Mapping[str, str] | None = None, cache: Path | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._cache = cache
        self._groups: set[int] = set()
        self._left: list[Program] = []
        self._engine: ContainerEngine | None = None
        self._finding = asyncio.Lock()

    async def connect(self) -> None:
        """Do nothing; see `Host.connect`."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        on_lines: Callable[[list[str]], None] | None = None,
        env: Mapping[str, str] | None = None,
        directory: PurePath | None = None,
        on_left: Callable[[str], None] | None = None,
    ) -> int:
        """Run a program and wait for it; see `Host.run`."""
        program = await self._start(argv, on_lines, {**self._environment, **(env or {})}, directory)
        try:
            status = await program.finish()
            left = await program.outlived() if on_left is not None else ""
            if left and status:  # nobody would know what it is good for
                await program.end()
            elif left and on_left is not None:
                self._left.append(program)
                on_left(left)
            return status
        except BaseException:
            await program.end()
            raise
        finally:
            charge(program.cpu)
            if program not in self._left:
                program.close()

    async def engine(self) -> ContainerEngine:
        """Return the container engine that answers here; see `Host.engine`."""
        async with self._finding:
            if self._engine is None:
                from tui.hosts.local_engine import find_engine

                self._engine = await find_engine(self._environment, self._home)
        return self._engine

    async def machine(self) -> Machine:
        """Return what this machine reports of itself; see `Host.machine`."""
        from tui.hosts.machine import Machine

        said = platform.uname()
        return Machine(said.system, said.release, said.machine, str(self._home), self._environment)

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """Make a private directory for the block; see `Host.scratch`."""
        directory = await asyncio.to_thread(_make, self._cache)
        try:
            yield directory
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def write(self, path: PurePath, content: AsyncIterator[bytes]) -> None:
        """Write a file; see `Host.write`."""
        with _explained(path):
            file = await asyncio.to_thread(Path(path).open, "wb")
            try:
                async for chunk in content:
                    await asyncio.to_thread(file.write, chunk)
            finally:
                await asyncio.to_thread(file.close)

    async def copy(self, source: Path, path: PurePath) -> None:
        """Copy a file or directory; see `Host.copy`."""
        with _explained(path):
            await asyncio.to_thread(_copy, source, Path(path))

    async def forward(self, port: int, address: str = "") -> int:
        """Return the port itself; see `Host.forward`."""
        return port

    async def socket(self, port: int, address: str = "") -> None:
        """Return None, as no forward is needed; see `Host.socket`."""

    @property
    def sessions(self) -> set[int]:
        """The sessions of the programs that run: each has one of its own."""
        return self._groups

    @property
    def loss(self) -> None:
        """None: there is no connection; see `Host.loss`."""
        return

    @property
    def forwards(self) -> Mapping[int, tuple[str, int]]:
        """None; see `Host.forwards`."""
        return {}

    async def close(self) -> None:
        """End what programs have left in the background; see `Host.close`."""
        left, self._left = self._left, []
        await asyncio.gather(*(program.end() for program in left))

    def kill(self) -> None:
        """Kill whatever still runs, with nobody waiting for that."""
        groups = tuple(self._groups)
        threading.Thread(target=_kill, args=(groups,), name="kill").start()  # it reads files

    @property
    def _home(self) -> Path:
        home = self._environment.get("HOME")
        return Path(home) if home else Path.home()

    async def _start(
        self,
        argv: Sequence[str],
        on_lines: Callable[[list[str]], None] | None,
        env: Mapping[str, str],
        directory: PurePath | None,
    ) -> Program:
        program = Program(on_lines, self._groups)
        starting = asyncio.ensure_future(program.start(argv, env, directory))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:  # it may run already, with children
            with contextlib.suppress(OSError):  # or it does not
                await starting
                await program.end()
            raise
        except UnicodeEncodeError as error:
            cause = f"{error.object[error.start]!a} cannot be written in the locale's {error.encoding}"
            raise ActionError(cause, "use a locale of UTF-8: `export LC_ALL=C.UTF-8`") from error
        return program


def _kill(sessions: tuple[int, ...]) -> None:
    """Kill programs with all that descends from them; blocks."""
    for session in sessions:
        send_signal({session, *groups_of(session)}, signal.SIGKILL)


def _make(parent: Path | None) -> Path:
    """Make a directory; remove from the user's cache what killed processes have left there."""
    prefix, suffix = "bringup-step-", f"@{platform.node()}"  # several machines may share a home
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{prefix}*{glob.escape(suffix)}"):
            process = left.name.removeprefix(prefix).partition("-")[0]
            if process.isdecimal() and not _lives(int(process)):
                shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(suffix, f"{prefix}{os.getpid()}-", parent))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return error.errno != errno.ESRCH  # else it is somebody else's
    return True


def _copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = list_tree(source)
    for entry in entries:
        there = path / entry.name
        if entry.is_directory:
            there.mkdir(exist_ok=True)
        elif entry.target:
            there.unlink(missing_ok=True)
            there.symlink_to(entry.target)
        else:
            shutil.copy2(entry.path, there)
    for entry in reversed(entries):  # a directory's last: it may be one that nothing can be written into
        if entry.is_directory:
            shutil.copystat(entry.path, path / entry.name)


@contextlib.contextmanager
def _explained(path: PurePath) -> Iterator[None]:
    """Raise `HostFullError` in place of the system's error."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise HostFullError(f"no space left at {path.parent}", "make room there") from error
