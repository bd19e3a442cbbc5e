"""The provider of clusters that kind makes, with containers as nodes; see `tui.cluster.provider`."""

from tui.cluster.kind.create import await_nodes, create
from tui.cluster.kind.delete import delete
from tui.cluster.kind.examine import examine
from tui.cluster.kind.host_ports import examine_ports
from tui.cluster.kind.load import deliver
from tui.cluster.kind.logs import export_logs
from tui.cluster.kind.nodes import find_nodes
from tui.cluster.kind.reach import context_of, kubeconfig_of, reach
from tui.cluster.kind.stop import stop

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
]
