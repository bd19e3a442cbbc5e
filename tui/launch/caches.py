"""Removes what a plan's runs leave in caches, so that the next one meets them cold; nothing of others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.launch.choose_environment import look_at
from tui.launch.specification import resolve_up
from tui.plan.steps import ImagePull, KubernetesApply, Remote
from tui.run.directories import cache_directory
from tui.run.store import Store

if TYPE_CHECKING:
    from tui.hosts.host import Host
    from tui.hosts.host_set import Hosts
    from tui.hosts.ssh.login import Prompter
    from tui.launch.request import Request
    from tui.plan.model import Plan


class Caches:
    """The caches that a plan's runs fill.

    These are the images that it builds, with what the engine has kept of building them alone; those that it
    pulls, unless the engine had them before; and the manifests that it fetches. Images in a cluster's nodes
    go with the cluster. Base images of builds stay.
    """

    def __init__(self, request: Request, prompter: Prompter | None) -> None:
        """Note which images are there that the plan would pull.

        Raises:
            BringupError: A host cannot be reached, or has no engine.
        """
        self._specification = resolve_up(request, Store())
        self._prompter = prompter
        self._spared: set[tuple[str, str]] = set()
        asyncio.run(look_at(self._note, self._specification, prompter))

    def clear(self) -> None:
        """Remove what runs have left there.

        Raises:
            BringupError: A host or its engine cannot be reached, or does not remove an image.
        """
        asyncio.run(look_at(self._clear, self._specification, self._prompter))

    async def _note(self, plan: Plan, hosts: Hosts) -> None:
        from tui.clients.engine_api import connect

        for host, (_, pulled) in self._images(plan, hosts).items():
            await host.connect()
            async with connect(await host.engine()) as api:
                for image in pulled:
                    if await api.find_image(image) is not None:
                        self._spared.add((host.name, image))

    async def _clear(self, plan: Plan, hosts: Hosts) -> None:
        from tui.clients.download import Store as Downloads
        from tui.clients.engine_api import connect

        for host, (built, pulled) in self._images(plan, hosts).items():
            await host.connect()
            async with connect(await host.engine()) as api:
                for image in (*built, *pulled):
                    if (host.name, image) not in self._spared:
                        await api.remove_image(image)
        downloads = Downloads(cache_directory() / "manifests")
        for step in (step for task in plan.tasks for step in task.steps):
            if isinstance(step, KubernetesApply):
                for manifest in step.manifests:
                    if isinstance(manifest, str | Remote):
                        url = manifest.url if isinstance(manifest, Remote) else manifest
                        await asyncio.to_thread(downloads.forget, url)

    def _images(self, plan: Plan, hosts: Hosts) -> dict[Host, tuple[list[str], list[str]]]:
        """Return the images that the plan makes and that it pulls, by the host."""
        found: dict[Host, tuple[list[str], list[str]]] = {}
        for host, steps in hosts.steps(plan).items():
            pulled = [image for step in steps if isinstance(step, ImagePull) for image in step.images]
            made = [image for step in steps for image in step.images_made]
            built = [image for image in made if image not in pulled]
            if built or pulled:
                found[host] = (built, pulled)
        return found
