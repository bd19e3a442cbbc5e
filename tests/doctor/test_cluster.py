"""Findings about the plan's cluster and its ports."""

from __future__ import annotations

import pytest

from tui.cluster.provider import Condition, PortUse
from tui.doctor.checks import judge_cluster, judge_port


@pytest.mark.parametrize(
    ("use", "level", "text"),
    [
        (PortUse(80), "ok", "80 is free"),
        (
            PortUse(80, "cluster own", own=True, remedy="delete it"),
            "ok",
            "host port 80 is held by cluster own",
        ),
        (PortUse(80, "cluster other", remedy="delete it"), "fault", "host port 80 is held by cluster other"),
    ],
)
def test_a_port(use: PortUse, level: str, text: str) -> None:
    finding = judge_port(use)
    assert (finding.level, finding.text) == (level, text)
    assert bool(finding.hint) == (level == "fault")


@pytest.mark.parametrize(
    ("condition", "wanted", "level"),
    [
        (Condition("absent", "there is none"), False, "ok"),
        (Condition("absent", "there is none"), True, "fault"),
        (Condition("ready", "it is healthy"), True, "ok"),
        (Condition("stopped", "it is stopped", "start it"), False, "warning"),
        (Condition("unreachable", "it runs", "write it"), True, "warning"),
    ],
)
def test_a_cluster(condition: Condition, wanted: bool, level: str) -> None:
    finding = judge_cluster(condition, wanted=wanted)
    assert (finding.level, finding.text) == (level, condition.text)
