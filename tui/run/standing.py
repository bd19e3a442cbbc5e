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
        kubeconfig: The kubeconfig file of the first cluster, if it is there.
        endpoints: Names and URLs, secrets masked.
        journal: The run's directory.
        host: The host that it is on, by its name in the plan.
        running: Whether the run's process still goes on.
        taken_down: Whether a later run took it down.
        forwards: Names of the plan's forwards, with the address of each that is held now.
        kubeconfigs: The kubeconfig files of all clusters that are there.
    """

    kubeconfig: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    journal: str = ""
    host: str = DEFAULT
    running: bool = False
    taken_down: bool = False
    forwards: tuple[tuple[str, str], ...] = ()
    kubeconfigs: tuple[str, ...] = ()


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
    files = dict.fromkeys(each.kubeconfig for each in plan.clusters.values())
    there = tuple(str(file) for file in files if file.exists())
    first = next((str(file) for file in files), "")
    shown, main = first if first in there else "", placement(plan).main
    return Stands(shown, endpoints, journal, main, running, taken_down, forwards, there)
