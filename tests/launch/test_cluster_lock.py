"""The lock on a cluster where the file system has none."""

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
