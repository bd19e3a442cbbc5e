"""Copies of a node's data from one volume into another, made by a container beside the engine's volumes.

What images consist of is never written to again: containerd's blobs, and the layers that lie below what
containers write to. Of these a copy has only other names (hard links), so that two gigabytes of images cost
neither time nor space while the cluster is there that they were copied from.
"""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.clients.engine_errors import EngineRefusedError
from tui.cluster.snapshots.snapshot import COPIES, REPOSITORY
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.engine_api import EngineApi

_CONTAINERD = "lib/containerd/io.containerd"
_LAYERS = f"{_CONTAINERD}.snapshotter.v1.overlayfs/snapshots"
_BLOBS = f"{_CONTAINERD}.content.v1.content/blobs"
_LIST = "linked"
"""The file in a snapshot's volume that lists what of it is linked."""
_NAME = f"{REPOSITORY}-"
_TELLING = 5  # lines of what a copy printed

LAYERS_IN_USE = (
    "sh",
    "-c",
    # The node's own root may be a mount of the same kind, made by the engine.
    'awk \'$3 == "overlay" && $2 != "/"\' /proc/mounts'
    " | grep -o 'lowerdir=[^,]*' | grep -oE '[0-9]+/fs' | sort -u",
)
"""What prints, in a node, the layers that containers there have below what they write to."""

_COPY = """\
set -euo pipefail
from=$1 to=$2 list=$3
mkdir -p "$to"
[ -z "$LINKED" ] || printf '%s\\n' $LINKED > "$list"
cd "$from"
: > /tmp/linked
if touch .bringup-link && ln .bringup-link "$to/.bringup-link" 2>/dev/null; then
  while read -r directory; do
    [ -d "$directory" ] || continue
    cp --archive --link --parents "$directory" "$to"
    echo "./$directory" >> /tmp/linked
  done < "$list"
fi
rm -f .bringup-link "$to/.bringup-link"
tar --create --xattrs --xattrs-include='*' --no-wildcards --anchored --exclude-from=/tmp/linked . |
  tar --extract --xattrs --xattrs-include='*' --preserve-permissions --same-owner --directory "$to"
find "$to" -type f -printf '%n %b\\n' |
  awk '{ all += $2; if ($1 == 1) own += $2 } END { printf "%.0f %.0f\\n", own * 512, all * 512 }'
"""


WITHIN = "data"
"""The directory of a snapshot's volume that holds the node's data."""


class Volume(NamedTuple):
    """A volume of the engine.

    Attributes:
        name: Its name.
        place: Where it is on the engine's machine.
        within: The directory in it that holds a node's data; empty for all of it.
    """

    name: str
    place: PurePosixPath
    within: str = ""


async def copy(
    api: EngineApi, image: str, source: Volume, target: Volume, layers: Sequence[str] = ()
) -> tuple[int, int]:
    """Copy a node's data.

    Args:
        api: The engine's API.
        image: The image of the node, which has the programs for it.
        source: Where from: a node's volume, or a snapshot's.
        target: Where to.
        layers: What `LAYERS_IN_USE` printed, where the source is a node's.

    Returns:
        The bytes that the copy alone takes, and those of all its files.

    Raises:
        ActionError: It failed.
    """
    linked = [] if source.within else [_BLOBS, *(f"{_LAYERS}/{layer}" for layer in layers)]
    environment = [f"LINKED={' '.join(linked)}"]
    roots = {volume.place.parent.parent for volume in (source, target)}
    if len(roots) == 1:  # links are possible within a mount alone
        beside = [PurePosixPath("/volumes", volume.name, volume.place.name) for volume in (source, target)]
        try:
            return await _run(api, image, [f"{roots.pop()}:/volumes"], environment, source, target, beside)
        except EngineRefusedError:  # the engine's files may not be mounted
            pass
    binds = [f"{source.name}:/from", f"{target.name}:/to"]
    apart = [PurePosixPath("/from"), PurePosixPath("/to")]
    return await _run(api, image, binds, environment, source, target, apart)


def volume_of(inspected: Mapping[str, Any], path: str) -> Volume:
    """Return the volume that a container has at a path.

    Raises:
        ActionError: There is none.
    """
    for mount in inspected["Mounts"]:
        if mount["Destination"] == path and mount["Type"] == "volume":
            return Volume(mount["Name"], PurePosixPath(mount["Source"]))
    raise ActionError(f"node {inspected['Name'].removeprefix('/')} has no volume at {path}")


async def _run(
    api: EngineApi,
    image: str,
    binds: Sequence[str],
    environment: Sequence[str],
    source: Volume,
    target: Volume,
    mounted: Sequence[PurePosixPath],
) -> tuple[int, int]:
    """Run the container that copies, with the two volumes mounted."""
    kept = mounted[0] if source.within else mounted[1]  # the snapshot, which has the list
    paths = (mounted[0] / source.within, mounted[1] / target.within, kept / _LIST)
    body = {
        "Image": image,
        "Entrypoint": ["bash", "-c", _COPY, "copy"],
        "Cmd": [str(path) for path in paths],
        "Env": [*environment],
        "Labels": {COPIES: ""},
        "HostConfig": {"Binds": [*binds], "NetworkMode": "none", "SecurityOpt": ["label=disable"]},
    }
    container = f"{_NAME}{target.name.removeprefix(_NAME)[:12]}-copy"  # known even where nobody waits
    try:
        await api.call("POST", "containers/create", {"name": container}, body)
        await api.call("POST", f"containers/{container}/start")
        status = (await api.call("POST", f"containers/{container}/wait"))["StatusCode"]
        said = await api.last_lines(container, _TELLING)
    finally:
        await asyncio.shield(api.remove(container))
    try:
        own, whole = map(int, said[-1].split())
    except (IndexError, ValueError):
        status = status or 1
    if status:
        raise ActionError(
            "the node's data could not be copied",
            "see whether the disk is full; `bringup snapshot list` tells what snapshots take",
            tuple(said),
        )
    return own, whole
