"""What is questionable about a plan: the mistakes that bring-ups are known to have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.plan.lint.charts import broken_charts
from tui.plan.lint.clusters import of_no_effect
from tui.plan.lint.commands import commands, shared_output
from tui.plan.lint.environment import unexpanded
from tui.plan.lint.images import pulled_always
from tui.plan.lint.migrations import wrong_migrations
from tui.plan.lint.order import Barriers, no_timeout, redundant_needs
from tui.plan.lint.remark import Remark, Subject
from tui.plan.lint.resources import (
    built_twice,
    cluster_left,
    cluster_missing,
    image_missing,
    key_twice,
    manifest_broken,
    namespace_missing,
    nothing_named,
)
from tui.plan.lint.shells import lines_passed_over, only_bash, shell_words
from tui.plan.lint.unprefixed import not_isolated, unprefixed

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from tui.plan.load import LoadedPlan

__all__ = ["Remark", "foreseen", "lint"]

_RULES = (
    built_twice,
    cluster_left,
    cluster_missing,
    of_no_effect,
    image_missing,
    pulled_always,
    manifest_broken,
    key_twice,
    broken_charts,
    nothing_named,
    namespace_missing,
    unprefixed,
    not_isolated,
    commands,
    shell_words,
    only_bash,
    lines_passed_over,
    unexpanded,
    shared_output,
    wrong_migrations,
    no_timeout,
    redundant_needs,
)
_STOPPING = (cluster_missing, pulled_always, manifest_broken, broken_charts, wrong_migrations)
"""Rules on what stops a run when it gets there, be it after minutes; they cost milliseconds."""


def foreseen(loaded: LoadedPlan, done: Container[str] = ()) -> list[Remark]:
    """Return what will stop a run that is about to begin.

    Args:
        loaded: The plan.
        done: The tasks that are not to be run.
    """
    subject = Subject(loaded)
    subject.steps = [at for at in subject.steps if at.task.id not in done]
    found = dict.fromkeys(remark for rule in _STOPPING for remark in rule(subject))
    return sorted((each for each in found if each.level == "fault"), key=lambda remark: remark.place)


def lint(loaded: LoadedPlan, seconds: Mapping[str, float] | None = None) -> list[Remark]:
    """Return what is questionable about a plan, in the order of its file.

    Args:
        loaded: The plan.
        seconds: How long its tasks took in a recorded run, by id, where there is one.
    """
    subject = Subject(loaded)
    found = dict.fromkeys(remark for rule in _RULES for remark in rule(subject))
    # A task that lacks a need seems to wait for nothing.
    if not any(remark.rule == "cluster-missing" for remark in found):
        found |= dict.fromkeys(Barriers(subject, seconds or {}).remarks())
    return sorted(found, key=lambda remark: (remark.place, remark.rule))
