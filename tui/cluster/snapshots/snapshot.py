"""A snapshot, and where the engine keeps it: an image of the node, and a volume with the node's data."""

from __future__ import annotations

import datetime
import json
import time
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from tui.clients.engine_errors import EngineRefusedError
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.engine_api import EngineApi

LABEL = "bringup.snapshot"
"""Of images, the snapshot as JSON; of volumes, its id."""
COPIES = "bringup.snapshot.copy"
"""The label of containers that copy a node's data."""
REPOSITORY = "bringup-snapshot"
_IN_USE = f"{REPOSITORY}-in-use"
"""What images of removed snapshots are called for as long as restored nodes need them."""
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
    found = [_read((each.get("Labels") or {})[LABEL]) for each in images if _tags(each, REPOSITORY)]
    return sorted((each for each in found if each), key=lambda each: each.taken, reverse=True)


def _labelled() -> dict[str, str]:
    return {"filters": json.dumps({"label": [LABEL]})}


def _tags(image: Mapping[str, Any], repository: str) -> list[str]:
    """Return an image's tags in a repository; images made of a restored node have the label alone."""
    names = (name.rpartition(":") for name in image.get("RepoTags") or ())
    return [tag for its, _, tag in names if its == repository]


def _read(label: str) -> Snapshot | None:
    """Return the snapshot that a label tells of; None if a version of bringup wrote it that knew less."""
    try:
        told = json.loads(label)
        told["taken"] = float(told["taken"])
        return Snapshot(**{field.name: told[field.name] for field in fields(Snapshot)})
    except (ValueError, TypeError, KeyError):
        return None


async def remove(api: EngineApi, snapshot: Snapshot) -> None:
    """Remove a snapshot; clusters that were restored from it stay.

    Raises:
        ActionError: It is being copied.
        EngineRefusedError: The engine fails to.
        EngineLostError: It does not answer.
    """
    if not await api.remove_labelled(f"volumes/{snapshot.volume}", f"{LABEL}={snapshot.id}"):
        raise ActionError(f"snapshot {snapshot.id} is in use", "wait until its cluster has been restored")
    try:
        await api.call("DELETE", f"images/{snapshot.image}")
    except EngineRefusedError as error:
        if error.status == 409:  # a restored node needs it for as long as that is there
            await api.tag(snapshot.image, f"{_IN_USE}:{snapshot.id}")
            await api.call("DELETE", f"images/{snapshot.image}", {"force": "true"})
        elif error.status != 404:
            raise


async def remove_remains(api: EngineApi) -> int:
    """Remove what is left of snapshots that are not whole: they were cut off, or somebody removed a part.

    Returns:
        The number of snapshots that it is of.

    Raises:
        EngineRefusedError: The engine fails to.
        EngineLostError: It does not answer.
    """
    now = time.time()
    for container in await api.containers(COPIES):
        if container["State"] != "running" and now - container["Created"] > _TAKEN_WITHIN:
            await api.remove(container["Id"])
    images = await api.call("GET", "images/json", _labelled())
    for tag in (tag for image in images for tag in _tags(image, _IN_USE)):
        await api.remove_image(f"{_IN_USE}:{tag}")
    whole = {f"{REPOSITORY}-{tag}" for image in images for tag in _tags(image, REPOSITORY)}
    found = await api.call("GET", "volumes", _labelled())
    old = [
        each
        for each in found.get("Volumes") or ()
        if each["Name"] not in whole and now - epoch(each["CreatedAt"]) > _TAKEN_WITHIN
    ]
    for volume in old:
        await api.remove_labelled(f"volumes/{volume['Name']}", f"{LABEL}={volume['Labels'][LABEL]}")
    return len(old)


def epoch(moment: str) -> float:
    """Return the seconds since 1970 of a time as engines and Kubernetes tell it."""
    return datetime.datetime.fromisoformat(moment).timestamp()
