from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.bringing import Bringing
from tests.plans import FOUR_PHASES, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.plan.model import Plan


@pytest.fixture
def bringing(tmp_path: Path) -> Callable[..., Bringing]:
    """Makes a run, of the plan of four phases unless given another."""

    def make(plan: Plan | None = None, **more: Any) -> Bringing:
        return Bringing(plan or make_plan(FOUR_PHASES), cache=tmp_path, **more)

    return make
