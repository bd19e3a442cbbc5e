"""The locks on clusters: of several in one plan, and where the file system has none."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from tests.plans import make_plan, started
from tui.errors import NotReadyError
from tui.launch.cluster_lock import ClusterLock


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF])
def test_a_home_on_a_network_without_locks_is_no_other_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    flock, runtime = fcntl.flock, tmp_path / "run"
    runtime.mkdir()

    def refuse(file: Any, how: int) -> None:
        if not where(file).startswith(str(runtime)):
            raise OSError(number, os.strerror(number))
        flock(file, how)

    def where(file: Any) -> str:
        return str(Path(f"/proc/self/fd/{file.fileno()}").readlink())

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    plan = make_plan([{"a": []}])
    with ClusterLock(plan, started(plan)), pytest.raises(NotReadyError, match=f"process {os.getpid()}"):
        ClusterLock(plan, started(plan)).take()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nowhere"))
    with ClusterLock(plan, started(plan)):
        pass


def lock(*names: str) -> ClusterLock:
    """That of a plan of some clusters."""
    clusters = {f"its-{name}": {"name": name, "kubeconfig": f"/{name}"} for name in names}
    plan = make_plan(
        [{"a": []}], **({"clusters": clusters} if len(names) > 1 else {"cluster": {**clusters}.popitem()[1]})
    )
    return ClusterLock(plan, started(plan))


def test_plans_that_share_a_cluster_do_not_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    held = lock("a", "b")
    with held:
        held.take()
        for names, meant in (["b", "c"], "b"), (["c", "a"], "a"), (["a"], "a"):
            with pytest.raises(NotReadyError, match=f"at cluster '{meant}'"):
                lock(*names).take()
        with lock("c"):  # who did not get all has none
            pass
    with lock("b", "c"):
        pass
