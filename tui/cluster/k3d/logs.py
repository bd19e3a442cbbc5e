"""Exporting the logs of a k3d cluster by the container engine's command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.hosts.host import at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.cluster.provider import Node
    from tui.hosts.host import Host
    from tui.reporter import Reporter

_KEPT = 5  # lines shown with an error
# Prints where they are. k3s with kubelet and its controllers writes to its container's own output.
_SCRIPT = """
to=$1 engine=$2 failed=0
shift 2
[ -n "$to" ] || to=$(mktemp -d) || exit
while [ $# -gt 0 ]; do
  mkdir -p "$to/$1" && "$engine" logs "$1" >"$to/$1/node.log" 2>&1 || failed=1
  if [ "$2" = pods ]; then
    "$engine" cp "$1:/var/log/pods" "$to/$1/" || failed=1
    "$engine" cp "$1:/var/lib/rancher/k3s/agent/containerd/containerd.log" "$to/$1/"  # k3s may have none
  fi
  shift 2
done
echo "$to"
exit $failed
"""


async def export_logs(
    cluster: str, host: Host, nodes: Sequence[Node], directory: Path | None, report: Reporter
) -> str:
    """See `tui.cluster.containers.maker.Maker`."""
    engine = await host.engine()
    lines: list[str] = []

    def take(said: list[str]) -> None:
        lines.extend(said)
        report.log(said)

    kinds = [each for node in nodes for each in (node.name, "pods" if node.runs_pods else "none")]
    argv = ("sh", "-c", _SCRIPT, "sh", str(directory or ""), engine.flavour, *kinds)
    if await host.run(argv, on_lines=take, env=engine.environment):
        cause = f"the logs of cluster {cluster} could not all be exported{at(host)}"
        raise ActionError(cause, f"see what `{engine.flavour}` said", tuple(lines[-_KEPT:]))
    return str(directory or lines[-1])
