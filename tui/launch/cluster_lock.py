"""The locks that keep two runs off one cluster."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Self, TextIO

from tui.errors import NotReadyError
from tui.plan.address import LOCAL
from tui.plan.placement import placement
from tui.run.directories import OWN_FILE, local_directory, locks_directory

if TYPE_CHECKING:
    from pathlib import Path

    from tui.plan.model import Cluster, Plan
    from tui.run.events import RunStarted


class ClusterLock:
    """Keeps other runs off a plan's clusters while it is taken; it goes with its process, however it ends."""

    def __init__(self, plan: Plan, started: RunStarted) -> None:
        """Prepare it.

        Args:
            plan: The plan whose clusters they are.
            started: The run's first event, which tells the clusters' machines.
        """
        places = placement(plan)
        hosts = {name: started.hosts.get(host, LOCAL) for name, host in places.clusters.items()}
        named = {
            _file(_key(each), hosts[name]): f"cluster {_key(each)!r}" for name, each in plan.clusters.items()
        }
        if not named:
            path = _file(plan.name, started.hosts.get(places.main, LOCAL))
            named[path] = f"plan {plan.name!r}, which has no cluster"
        self._named = dict(sorted(named.items()))  # so that of two runs that meet one gets them all
        self._files: list[TextIO] = []

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self) -> None:
        """Take it, unless it is taken already.

        Raises:
            NotReadyError: Another run is at one of the clusters, or it cannot be made.
        """
        if self._files:
            return
        try:
            for path, what in self._named.items():
                if (file := _locked(path, what)) is not None:
                    self._files.append(file)
        except NotReadyError:
            self.release()
            raise

    def release(self) -> None:
        """Let other runs have it."""
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()
        self._files = []


def _locked(path: Path, what: str) -> TextIO | None:
    """Return a file that is locked for as long as it is open; None where no file system has locks.

    Raises:
        NotReadyError: Another run has it, or it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _lock(path, what)
    except OSError as error:
        raise unwritable(f"the lock {path} cannot be made", error) from error
    if file is None:  # what is locked is on this machine, or asked for from it
        with contextlib.suppress(OSError):
            return _lock(local_directory() / f"bringup-{os.getuid()}-{path.name}", what)
    return file


def _lock(path: Path, what: str) -> TextIO | None:
    """Return a file that is locked from now on; None on a file system that has no locks.

    Raises:
        NotReadyError: Another run has it.
        OSError: It cannot be made.
    """
    file = os.fdopen(os.open(path, OWN_FILE, 0o600), "a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        with file:
            file.seek(0)
            holder = file.read().strip() or "unknown"
        cause = f"another bringup (process {holder}) is at {what}"
        raise NotReadyError(cause, "wait for it, or stop it with Ctrl-C where it runs") from error
    except OSError:
        file.close()
        return None
    with contextlib.suppress(OSError):  # on a full disk nobody learns who holds it
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
    return file


def _key(cluster: Cluster) -> str:
    """Return what only one run may be at: a cluster, or what an owner has in one that stands."""
    return f"{cluster.kubeconfig.name}.{cluster.owner}" if cluster.stands else cluster.name


def _file(key: str, host: str) -> Path:
    where = "" if host == LOCAL else f"@{host.removeprefix('ssh://')}"
    return locks_directory() / f"{key}{where}.lock"


def unwritable(cause: str, error: OSError) -> NotReadyError:
    """Return the error of what bringup cannot keep in its state directory."""
    hint = "make the directory writable, or set XDG_STATE_HOME"
    return NotReadyError(f"{cause}: {error.strerror}", hint)
