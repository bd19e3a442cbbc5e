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
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tui.hosts.host import HostFullError
from tui.hosts.lines import REST, SHARE, LineSplitter
from tui.plan.address import LOCAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import PurePath

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.machine import Machine

_GRACE = 1.5  # seconds between asking a cancelled group to end and killing it
_REAP = 0.4  # seconds for a killed group to be gone
_DRAIN = 1.0  # seconds that output may outlive its program: a daemon keeps it open for ever
_FULL = (errno.ENOSPC, errno.EDQUOT)
_LOOKS = 10  # a closer look comes at every so many
_POLL = 0.02  # seconds between looks at a group that is ending


class LocalHost:
    """This machine: each of its programs runs in a process group of its own.

    Args:
        environment: Variables for programs and for finding the container engine; those of bringup itself
            if absent.
        cache: Where folders are made for what is needed for a while; the system's own place if absent.
    """

    name = LOCAL
    location = ""
    shares_files = shares_loopback = shares_kernel = True

    def __init__(self, environment: Mapping[str, str] | None = None, cache: Path | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._cache = cache
        self._groups: set[int] = set()
        self._engine: ContainerEngine | None = None
        self._finding = asyncio.Lock()

    async def connect(self) -> None:
        """There is nothing to do; see `Host.connect`."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        on_lines: Callable[[list[str]], None] | None = None,
        env: Mapping[str, str] | None = None,
        directory: PurePath | None = None,
    ) -> int:
        """Runs a program until it ends; see `Host.run`."""
        program = await self._start(argv, on_lines, {**self._environment, **(env or {})}, directory)
        try:
            return await program.finish()
        except BaseException:
            await program.end()
            raise
        finally:
            program.close()

    async def engine(self) -> ContainerEngine:
        """The container engine that answers here; see `Host.engine`."""
        async with self._finding:
            if self._engine is None:
                from tui.hosts.container_engine import find_engine

                self._engine = await find_engine(self._environment, self._home)
        return self._engine

    async def machine(self) -> Machine:
        """What it says of itself; see `Host.machine`."""
        from tui.hosts.machine import Machine

        said = platform.uname()
        return Machine(said.system, said.release, said.machine, str(self._home), self._environment)

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """A folder of the user's alone; see `Host.scratch`."""
        folder = await asyncio.to_thread(_make, self._cache)
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def write(self, path: PurePath, content: AsyncIterator[bytes]) -> None:
        """Writes a file; see `Host.write`."""
        with _explained(path):
            file = await asyncio.to_thread(Path(path).open, "wb")
            try:
                async for chunk in content:
                    await asyncio.to_thread(file.write, chunk)
            finally:
                await asyncio.to_thread(file.close)

    async def copy(self, source: Path, path: PurePath) -> None:
        """Copies a file or folder; see `Host.copy`."""
        with _explained(path):
            await asyncio.to_thread(_copy, source, Path(path))

    async def forward(self, port: int, address: str = "") -> int:
        """The port itself; see `Host.forward`."""
        return port

    async def socket(self, port: int, address: str = "") -> None:
        """None: one connects directly; see `Host.socket`."""

    @property
    def loss(self) -> None:
        """None: there is no connection; see `Host.loss`."""
        return

    @property
    def forwards(self) -> Mapping[int, tuple[str, int]]:
        """None; see `Host.forwards`."""
        return {}

    async def close(self) -> None:
        """There is nothing to let go of; see `Host.close`."""

    def kill(self) -> None:
        """Kills at once whatever still runs."""
        for group in tuple(self._groups):
            _signal(group, signal.SIGKILL)

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
    ) -> _Program:
        loop = asyncio.get_running_loop()
        starting = asyncio.ensure_future(
            loop.subprocess_exec(
                lambda: _Program(on_lines, self._groups),
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=env,
                cwd=directory,
                start_new_session=True,
            )
        )
        try:
            _, program = await asyncio.shield(starting)
        except asyncio.CancelledError:  # it may run already, with children
            with contextlib.suppress(OSError):  # or it does not
                _, program = await starting
                await program.end()
            raise
        return program


class _Program(asyncio.SubprocessProtocol):
    """A running program: its output as lines, its end, and the end of all that it started."""

    def __init__(self, on_lines: Callable[[list[str]], None] | None, groups: set[int]) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._on_lines = on_lines
        self._groups = groups
        self._splitter = LineSplitter()
        self._exited: asyncio.Future[None] = loop.create_future()
        self._silent: asyncio.Future[None] = loop.create_future()
        self._fault: BaseException | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        pipe = transport.get_pipe_transport(1)
        self._pipe = pipe if isinstance(pipe, asyncio.ReadTransport) else None
        self.group = transport.get_pid()
        self._groups.add(self.group)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        began = time.thread_time()
        self._tell(self._splitter.feed(data))
        self._rest(max(REST, SHARE * (time.thread_time() - began)))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            _settle(self._silent)

    def process_exited(self) -> None:
        _settle(self._exited)
        if self._pipe is not None:
            self._pipe.resume_reading()

    async def finish(self) -> int:
        """Waits for the end of the program and, for a bounded time, of its output."""
        await self._exited
        if self._fault is None:
            await asyncio.wait({self._silent}, timeout=_DRAIN)
            self._tell(self._splitter.close())
        if self._fault is not None:
            raise self._fault
        status = self._transport.get_returncode()
        assert status is not None
        return status

    async def end(self) -> None:
        """Ends the whole group: asked to first, then killed."""
        try:
            _signal(self.group, signal.SIGTERM)
            await _gone(self.group, _GRACE)
        finally:  # also where this itself is cancelled
            _signal(self.group, signal.SIGKILL)
            await _gone(self.group, _REAP)
            await asyncio.wait({self._exited}, timeout=_REAP)
            self.close()

    def close(self) -> None:
        """Lets go of the program and its pipes."""
        self._groups.discard(self.group)
        self._transport.close()

    def _rest(self, seconds: float) -> None:
        """Lets output gather in the pipe while the program runs; one that says more than it holds waits."""
        if self._pipe is not None and not self._exited.done():
            self._pipe.pause_reading()
            self._loop.call_later(seconds, self._pipe.resume_reading)

    def _tell(self, lines: list[str]) -> None:
        if self._on_lines is None or self._fault is not None or not lines:
            return
        try:
            self._on_lines(lines)
        except Exception as fault:  # its taker's fault belongs to run's caller, not to the loop's handler
            self._fault = fault
            _settle(self._exited)


def _make(parent: Path | None) -> Path:
    """Makes a folder; in the user's cache, what a process has left that was killed is removed first."""
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
    if source.is_dir():
        shutil.copytree(source, path, dirs_exist_ok=True)
    else:
        shutil.copy2(source, path)


@contextlib.contextmanager
def _explained(path: PurePath) -> Iterator[None]:
    """Says of a file that it does not fit, if that is what went wrong."""
    try:
        yield
    except OSError as error:
        # Of a folder's files it says only in words what went wrong.
        words = str(error) if isinstance(error, shutil.Error) else ""
        if error.errno not in _FULL and not any(os.strerror(number) in words for number in _FULL):
            raise
        raise HostFullError(f"no space left at {path.parent}", "make room there") from error


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left that may be sent one
        os.killpg(group, number)


async def _gone(group: int, patience: float) -> None:
    """Waits until nobody is left in a group that does something, for some seconds at most."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience  # by the clock: on a busy machine each look takes longer
    number = 0
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while loop.time() < deadline:
            number += 1
            os.killpg(group, 0)
            if number % _LOOKS == 0 and await asyncio.to_thread(_is_dead, group):
                return
            await asyncio.sleep(_POLL)


def _is_dead(group: int) -> bool:
    """Whether all of a group have ended: in containers without an init nobody reaps those, and they stay."""
    found = False
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has gone meanwhile
            state, _, its, *_ = stat.read_text(errors="replace").rpartition(")")[2].split()
            if int(its) == group:
                found = True
                if state not in "ZX":
                    return False
    return found
