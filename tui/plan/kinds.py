"""What is known of steps and spans by their kind and name: whether they wait, and when they may run ahead.

It stands here and not in the steps' models, as who asks it of a run must not import those.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WAITING_KINDS = frozenset({"http.check", "kubernetes.wait", "kubernetes.probe"})
"""The kinds of steps that wait, but for spans in which they work; for all others it is the other way."""

AT_ONCE = frozenset({"image.build", "image.import", "image.pull"})
"""The kinds of steps that may run ahead of their task's place at once; see `tui.plan.prefetch`."""

CREATING = frozenset({"cluster.create", "kind.create"})
"""The kinds of steps that create the cluster."""

ON_NODES = frozenset({"image.deliver", "kind.load"})
"""The kinds of those that may as soon as the cluster's nodes run."""

MAKING = frozenset({"command", "image.build", "image.make"})
"""The kinds of steps that may make what such steps use."""


class Assumed(NamedTuple):
    """How long a step takes where nothing is known of it.

    Attributes:
        seconds: How long.
        source: Whose figure that is.
    """

    seconds: float
    source: str


_KUBERNAUT = "as kubernaut's authors report of theirs"
_RECORDED = "as recorded of the bundled plan"
_GUESSED = "a guess"
ASSUMED = {
    "cluster.create": Assumed(60, _KUBERNAUT),  # in a minute
    "kind.create": Assumed(60, _KUBERNAUT),
    "kind.load": Assumed(14, _RECORDED),  # 5 to 23 s an image or two
    "image.deliver": Assumed(14, _RECORDED),
    "image.push": Assumed(14, _GUESSED),
    "image.build": Assumed(120, _KUBERNAUT),  # a service's image
    "image.make": Assumed(120, _KUBERNAUT),
    "image.import": Assumed(10, _GUESSED),
    "image.pull": Assumed(20, _GUESSED),
    "kubernetes.apply": Assumed(1, _RECORDED),  # 0.1 to 1.6 s
    "kubernetes.wait": Assumed(75, _KUBERNAUT),  # PostgreSQL and Redis one after the other, in 2.5 minutes
    "kubernetes.probe": Assumed(7, _RECORDED),
    "kubernetes.namespace": Assumed(0.2, _RECORDED),
    "kubernetes.pull_secret": Assumed(0.1, _RECORDED),
    "postgres.migrate": Assumed(30, _KUBERNAUT),  # a minute, with the check of the tables
    "postgres.verify": Assumed(30, _KUBERNAUT),
    "helm.install": Assumed(90, _KUBERNAUT),  # a service deployed and ready
    "http.check": Assumed(1, _RECORDED),
    "command": Assumed(10, _GUESSED),
}
"""How long steps take, by their kind, for rehearsals of plans that nothing is known of."""

OTHERWISE = Assumed(2, _GUESSED)
"""The same for all other kinds."""

TIME_ASSUMED = "its time is assumed"
"""What a step tells in a rehearsal that knows no time of it."""

_KIND = re.compile(r"command|(cluster|helm|http|image|kind|kubernetes|postgres)\.[a-z_]+")
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
