"""Two runs are never at one cluster at once, whichever others their plans have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plans import make_plan, started
from tui.errors import NotReadyError
from tui.launch.cluster_lock import ClusterLock

if TYPE_CHECKING:
    from pathlib import Path


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
