"""The locks that keep two runs off one cluster."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Self, TextIO

from tui.errors import NotReadyError
from tui.plan.address import LOCAL
from tui.plan.placement import placement
from tui.run.directories import locks_directory

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
        named = {
            _file(
                _key(cluster), started.hosts.get(places.clusters[name], LOCAL)
            ): f"cluster {_key(cluster)!r}"
            for name, cluster in plan.clusters.items()
        }
        if not named:
            named[_file(plan.name, started.hosts.get(places.main, LOCAL))] = (
                f"plan {plan.name!r}, which has no cluster"
            )
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
                self._files.append(_locked(path, what))
        except NotReadyError:
            self.release()
            raise

    def release(self) -> None:
        """Let other runs have it."""
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()
        self._files = []


def _locked(path: Path, what: str) -> TextIO:
    """Lock a file for as long as it is open.

    Raises:
        NotReadyError: Another run has it, or it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise unwritable(f"the lock {path} cannot be made", error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        with file:
            file.seek(0)
            holder = file.read().strip() or "unknown"
        cause = f"another bringup (process {holder}) is at {what}"
        raise NotReadyError(cause, "wait for it, or stop it with Ctrl-C where it runs") from error
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
