"""The hosts of a run, by the names that its plan has for them."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, NamedTuple

from tui.hosts.local import LocalHost
from tui.plan.address import DEFAULT, KINDS, LOCAL, parse_address
from tui.plan.placement import placement, steps_by_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tui.hosts.host import Host
    from tui.hosts.ssh.login import Prompter
    from tui.plan.model import Cluster, Plan
    from tui.plan.placement import Placement
    from tui.plan.steps import Step


class ClusterAt(NamedTuple):
    """A cluster of a plan, and the host that it runs on."""

    cluster: Cluster
    host: Host


class Hosts:
    """The hosts of a run."""

    def __init__(self, hosts: Mapping[str, Host]) -> None:
        """Take them.

        Args:
            hosts: Each by its name in the plan; `default` and `local` among them.
        """
        self._hosts = dict(hosts)

    @classmethod
    def here(cls, host: Host | None = None) -> Hosts:
        """Return a set of this machine alone."""
        local = host or LocalHost()
        return cls({DEFAULT: local, LOCAL: local})

    def of(self, name: str) -> Host:
        """Return the host of that name; in a rehearsal any name means this machine."""
        return self._hosts.get(name) or self._hosts[DEFAULT]

    @property
    def are_local(self) -> bool:
        """Whether this machine is the only one."""
        return not any(host.location for host in self._hosts.values())

    def steps(self, plan: Plan) -> dict[Host, list[Step]]:
        """Return the steps of a plan's tasks by the host that they run on."""
        found: dict[Host, list[Step]] = {}
        for name, steps in steps_by_host(plan).items():
            found.setdefault(self.of(name), []).extend(steps)
        return found

    def clusters(self, plan: Plan, places: Placement | None = None) -> dict[str, ClusterAt]:
        """Return the clusters of a plan, each with its host, by their names in it.

        Args:
            plan: The plan.
            places: Where its parts are, if that is known already.
        """
        at = (places or placement(plan)).clusters
        return {name: ClusterAt(each, self.of(at[name])) for name, each in plan.clusters.items()}

    async def connect(self, names: Iterable[str]) -> None:
        """Connect to some of them, one after the other, as each may have something to ask.

        Raises:
            NotReadyError: One cannot be used.
        """
        for host in dict.fromkeys(self.of(name) for name in names):
            await host.connect()

    def kill(self) -> None:
        """Kill at once whatever still runs on any of them."""
        for host in set(self._hosts.values()):
            host.kill()

    async def close(self) -> None:
        """Disconnect from all of them."""
        await asyncio.gather(*(host.close() for host in set(self._hosts.values())))


def open_hosts(
    addresses: Mapping[str, str], prompter: Prompter | None = None, cache: Path | None = None
) -> Hosts:
    """Make hosts; nothing is connected yet.

    Args:
        addresses: The address of each host, or `local`, by its name in the plan.
        prompter: Asks the user for what is not known of a machine.
        cache: Where this machine keeps temporary directories.
    """
    local: Host = LocalHost(cache=cache)
    made: dict[str, Host] = {LOCAL: local}
    for address in addresses.values():
        if address not in made:  # what speaks to it takes a while to import
            parsed = parse_address(address)
            made[address] = importlib.import_module(KINDS[parsed.scheme]).open_host(parsed, prompter)
    named = {name: made[address] for name, address in addresses.items()}
    return Hosts({DEFAULT: local, **named, LOCAL: local})
