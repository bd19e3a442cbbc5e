"""The provider of clusters whose nodes are containers of the engine; see `tui.cluster.provider`.

What makes them is a program, such as kind: its `Maker` has what is its own, and a plan's `provider` names it.
"""

from tui.cluster.containers.create import await_nodes, create
from tui.cluster.containers.delete import delete
from tui.cluster.containers.examine import examine
from tui.cluster.containers.host_ports import examine_ports
from tui.cluster.containers.load import deliver
from tui.cluster.containers.logs import export_logs
from tui.cluster.containers.nodes import find_nodes
from tui.cluster.containers.reach import context_of, kubeconfig_of, reach
from tui.cluster.containers.stop import stop
from tui.cluster.containers.take_snapshot import take_snapshot

__all__ = [
    "await_nodes",
    "context_of",
    "create",
    "delete",
    "deliver",
    "examine",
    "examine_ports",
    "export_logs",
    "find_nodes",
    "kubeconfig_of",
    "reach",
    "stop",
    "take_snapshot",
]
