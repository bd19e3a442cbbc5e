"""What is known of steps by their kind alone is what their models say."""

from __future__ import annotations

from typing import Any, get_args

from tui.plan import kinds
from tui.plan.steps import Step


def test_every_kind_is_known_and_runs_ahead_as_its_model_says() -> None:
    models: list[Any] = list(get_args(get_args(Step)[0]))
    by_kind = {kind: model for model in models for kind in get_args(model.model_fields["kind"].annotation)}
    assert set(by_kind) >= kinds.WAITING_KINDS
    assert [kind for kind in by_kind if kinds.kind_of(f"{kind} something") != kind] == []
    assert {kind for kind, model in by_kind.items() if model.prefetch == "at once"} == kinds.AT_ONCE
    assert {kind for kind, model in by_kind.items() if model.prefetch == "nodes"} == kinds.ON_NODES


def test_titles_that_the_plan_chose_tell_no_kind() -> None:
    assert kinds.kind_of("kind.load postgres:15") == "kind.load"
    assert kinds.kind_of("load the images") == ""
    assert kinds.kind_waits("") is None
    assert kinds.span_waits("ready")
    assert not kinds.span_waits("pull")
