"""What is known of steps and spans by their kind and name: whether they wait, and when they may run ahead.

It stands here and not in the steps' models, as who asks it of a run must not import those.
"""

from __future__ import annotations

import re

WAITING_KINDS = frozenset({"http.check", "kubernetes.wait", "kubernetes.probe"})
"""The kinds of steps that wait, but for spans in which they work; for all others it is the other way."""

AT_ONCE = frozenset({"image.build", "image.pull"})
"""The kinds of steps that may run ahead of their task's place at once; see `tui.plan.prefetch`."""

ON_NODES = frozenset({"kind.load"})
"""The kinds of those that may as soon as the cluster's nodes run."""

MAKING = frozenset({"command", "image.build"})
"""The kinds of steps that may make what such steps use."""

_KIND = re.compile(r"command|(helm|http|image|kind|kubernetes|postgres)\.[a-z_]+")
_WAITING_SPANS = ("schedule", "start", "ready", "connect", "lock", "Waiting ")


def kind_waits(kind: str) -> bool | None:
    """Return whether a step of a kind waits; None where the kind is not known."""
    return kind in WAITING_KINDS if kind else None


def span_waits(name: str) -> bool:
    """Return whether a span waits, by its name: `schedule` and `ready` do, `pull` and `load` do not."""
    return name.startswith(_WAITING_SPANS)


def kind_of(title: str) -> str:
    """Return the kind that a step's title begins with, unless the plan gave it a title of its own."""
    word = title.partition(" ")[0]
    return word if _KIND.fullmatch(word) else ""
