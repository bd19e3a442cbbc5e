"""The programs that make clusters: which versions do, and where they can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Program(NamedTuple):
    """What makes clusters.

    Attributes:
        oldest: The oldest version that does.
        home: Where it can be had.
        install: The page that says how it is installed.
        calls_engine: Whether it calls the container engine's own command.
    """

    oldest: str
    home: str
    install: str
    calls_engine: bool = False


PROGRAMS: Mapping[str, Program] = {
    # The first whose clusters outlive a restart of the engine, by its release notes; bringup adopts them.
    "kind": Program(
        "0.8",
        "https://kind.sigs.k8s.io",
        "https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
        calls_engine=True,
    ),
    # The first that names nodes in its configuration as it does today.
    "k3d": Program("5.0", "https://k3d.io", "https://k3d.io/stable/#installation"),
}
"""Each by its name, which is that of the provider, too."""
