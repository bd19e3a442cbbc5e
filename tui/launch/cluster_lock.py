"""The lock that keeps two runs off one cluster."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from tui.errors import NotReadyError
from tui.plan.placement import placement
from tui.run.directories import locks_directory

if TYPE_CHECKING:
    from tui.plan.model import Plan
    from tui.run.events import RunStarted

_OWN = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
"""How the file is opened: in a directory of all users it must not be a link of somebody else's."""


class ClusterLock:
    """Keeps other runs off a cluster while it is taken; it goes with its process, however that ends."""

    def __init__(self, plan: Plan, started: RunStarted) -> None:
        """Prepare it.

        Args:
            plan: The plan whose cluster it is.
            started: The run's first event, which tells the cluster's machine.
        """
        key = _key(plan)
        self._what = f"cluster {key!r}" if plan.cluster else f"plan {key!r}, which has no cluster"
        host = started.hosts.get(placement(plan).cluster, "").removeprefix("ssh://")
        self._path = locks_directory() / f"{key}{f'@{host}' if host else ''}.lock"
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self) -> None:
        """Take it, unless it is taken already.

        Raises:
            NotReadyError: Another run has it, or it cannot be made.
        """
        if self._file is not None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._lock(self._path)
        except OSError as error:
            raise unwritable(f"the lock {self._path} cannot be made", error) from error
        if self._file is None:  # what is locked is on this machine, or asked for from it
            with contextlib.suppress(OSError):
                self._file = self._lock(_local_directory() / f"bringup-{os.getuid()}-{self._path.name}")

    def _lock(self, path: Path) -> TextIO | None:
        """Return a file that is locked from now on; None on a file system that has no locks.

        Raises:
            NotReadyError: Another run has it.
            OSError: It cannot be made.
        """
        file = os.fdopen(os.open(path, _OWN, 0o600), "a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            with file:
                file.seek(0)
                holder = file.read().strip() or "unknown"
            cause = f"another bringup (process {holder}) is at {self._what}"
            raise NotReadyError(cause, "wait for it, or stop it with Ctrl-C where it runs") from error
        except OSError:
            file.close()
            return None
        with contextlib.suppress(OSError):  # on a full disk nobody learns who holds it
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        return file

    def release(self) -> None:
        """Let other runs have it."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def _local_directory() -> Path:
    """Return a directory of this machine alone, unlike a home that is on a network."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())


def _key(plan: Plan) -> str:
    """Return what only one run may be at: a cluster, or what an owner has in one that stands."""
    if plan.cluster is None:
        return plan.name
    return (
        f"{plan.cluster.kubeconfig.name}.{plan.cluster.owner}" if plan.cluster.stands else plan.cluster.name
    )


def unwritable(cause: str, error: OSError) -> NotReadyError:
    """Return the error of what bringup cannot keep in its state directory."""
    hint = "make the directory writable, or set XDG_STATE_HOME"
    return NotReadyError(f"{cause}: {error.strerror}", hint)
