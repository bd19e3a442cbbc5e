"""The provider of clusters that stand, by a context of the user's kubeconfig; see `tui.cluster.provider`."""

from tui.cluster.context.examine import create, examine
from tui.cluster.context.images import deliver, find_nodes
from tui.cluster.context.kinds_own import await_nodes, examine_ports, export_logs, stop, take_snapshot
from tui.cluster.context.owned import delete
from tui.cluster.context.reach import context_of, kubeconfig_of, reach

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
