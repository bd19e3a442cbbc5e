"""What a run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.plan.address import DEFAULT
from tui.plan.placement import placement
from tui.secrets import Masker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.plan.model import Forward, Plan


@dataclass(frozen=True, slots=True)
class Stands:
    """What a run leaves behind.

    Attributes:
        kubeconfig: The cluster's kubeconfig file, if it is there.
        endpoints: Names and URLs, secrets masked.
        journal: The run's directory.
        host: The host that it is on, by its name in the plan.
        running: Whether the run's process still goes on.
        taken_down: Whether a later run took it down.
        forwards: Names of the plan's forwards, with the address of each that is held now.
    """

    kubeconfig: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    journal: str = ""
    host: str = DEFAULT
    running: bool = False
    taken_down: bool = False
    forwards: tuple[tuple[str, str], ...] = ()


def standing(
    plan: Plan,
    journal: str = "",
    *,
    running: bool = False,
    taken_down: bool = False,
    ports: Mapping[Forward, int] | None = None,
) -> Stands:
    """Return what a plan's run leaves behind.

    Args:
        plan: The plan.
        journal: The run's directory.
        running: Whether its process still goes on.
        taken_down: Whether a later run took it down.
        ports: The ports of its forwards that are held now.
    """
    mask = Masker(plan.secret_values).mask
    endpoints = tuple((mask(each.name), mask(each.url)) for each in plan.endpoints)
    held = {each: f"127.0.0.1:{port}" for each, port in (ports or {}).items()}
    forwards = tuple((mask(each.title), held.get(each, "")) for each in plan.forwards)
    kubeconfig = plan.cluster.kubeconfig if plan.cluster else None
    there = kubeconfig is not None and kubeconfig.exists()
    shown = str(kubeconfig) if there else ""
    return Stands(shown, endpoints, journal, placement(plan).cluster, running, taken_down, forwards)
