"""A snapshot, and where the engine keeps it: an image of the node, and a volume with the node's data."""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tui.clients.engine_errors import EngineRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.engine_api import EngineApi

LABEL = "bringup.snapshot"
"""Of images, the snapshot as JSON; of volumes, its id."""
COPIES = "bringup.snapshot.copy"
"""The label of containers that copy a node's data."""
REPOSITORY = "bringup-snapshot"
_TAKEN_WITHIN = 600  # seconds, after which a volume without its image is not being filled any more


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A cluster of one node as it stood.

    Attributes:
        id: Its id.
        plan: The plan's name.
        cluster: The cluster's name.
        after: The phase or task after which it was taken; empty where all of the plan was done.
        taken: When, in seconds since the epoch.
        made_in: Seconds in which what it holds was brought up from nothing; 0 if that is not known.
        inputs: What decides what was done, as checksums and versions; see `tui.launch.snapshot_inputs`.
        node: The node's container, as the engine is asked to create it.
        networks: Its networks, as the engine is asked to create them.
        data: The path in the node that its volume holds.
        own: Bytes that it alone takes.
        whole: Bytes that it takes once the cluster that it was taken of is gone.
    """

    id: str
    plan: str
    cluster: str
    after: str
    taken: float
    made_in: float
    inputs: Mapping[str, str]
    node: Mapping[str, Any]
    networks: Sequence[Mapping[str, Any]] = ()
    data: str = ""
    own: int = 0
    whole: int = 0

    @property
    def image(self) -> str:
        """The image of the node."""
        return f"{REPOSITORY}:{self.id}"

    @property
    def volume(self) -> str:
        """The volume with the node's data."""
        return f"{REPOSITORY}-{self.id}"

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is of; a newer one of the same takes its place."""
        return self.plan, self.cluster, self.after

    @property
    def label(self) -> str:
        """What the label of its image says."""
        return json.dumps(asdict(self), separators=(",", ":"))


async def list_snapshots(api: EngineApi) -> list[Snapshot]:
    """Return the snapshots that an engine keeps, the newest first.

    Raises:
        EngineRefusedError: It fails to say.
        EngineLostError: It does not answer.
    """
    images = await api.call("GET", "images/json", _labelled())
    found = [_read((each.get("Labels") or {})[LABEL]) for each in images if _names(each)]
    return sorted((each for each in found if each), key=lambda each: each.taken, reverse=True)


def _labelled() -> dict[str, str]:
    return {"filters": json.dumps({"label": [LABEL]})}


def _names(image: Mapping[str, Any]) -> bool:
    """Return whether an image is a snapshot's own: images made of its node have its label, too."""
    return any(name.startswith(f"{REPOSITORY}:") for name in image.get("RepoTags") or ())


def _read(label: str) -> Snapshot | None:
    """Return the snapshot that a label tells of; None if another version of bringup wrote it."""
    try:
        return Snapshot(**json.loads(label))
    except (ValueError, TypeError):
        return None


async def remove(api: EngineApi, snapshot: Snapshot) -> None:
    """Remove a snapshot; clusters that were restored from it stay.

    Raises:
        EngineRefusedError: The engine fails to.
        EngineLostError: It does not answer.
    """
    await api.remove_labelled(f"volumes/{snapshot.volume}", f"{LABEL}={snapshot.id}")
    await _remove_image(api, snapshot.image)


async def remove_remains(api: EngineApi) -> None:
    """Remove what is left of snapshots that are not whole: they were cut off, or somebody removed a part.

    Raises:
        EngineRefusedError: The engine fails to.
        EngineLostError: It does not answer.
    """
    for container in await api.containers(COPIES):
        if container["State"] != "running":
            await api.remove(container["Id"])
    for image in await api.call("GET", "images/json", _labelled()):
        if not image.get("RepoTags"):
            await _remove_image(api, image["Id"])
    whole = {each.volume for each in await list_snapshots(api)}
    found = await api.call("GET", "volumes", _labelled())
    for volume in found.get("Volumes") or ():
        if volume["Name"] not in whole and _age(volume) > _TAKEN_WITHIN:
            await api.remove_labelled(f"volumes/{volume['Name']}", f"{LABEL}={volume['Labels'][LABEL]}")


def _age(volume: Mapping[str, Any]) -> float:
    made = datetime.datetime.fromisoformat(volume["CreatedAt"])
    return (datetime.datetime.now(datetime.UTC) - made).total_seconds()


async def _remove_image(api: EngineApi, name: str) -> None:
    """Remove an image's name; the image itself stays where a restored node has it."""
    try:
        await api.call("DELETE", f"images/{name}", {"force": "true"})
    except EngineRefusedError as error:
        if error.status not in (404, 409):
            raise
