"""A context that remembers what an action says."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.errors import ActionError
from tui.hosts.local import LocalHost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tui.cluster.provider import Restoration
    from tui.hosts.host import Host
    from tui.hosts.host_set import ClusterAt
    from tui.plan.model import Cluster
    from tui.reporter import Probed


@dataclass
class RecordedSpan(contextlib.AbstractContextManager["RecordedSpan"]):
    """An interval that knows whether it was ended."""

    name: str
    subject: str
    closed: bool = False

    def close(self) -> None:
        self.closed = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class Recorder:
    """Implements `tui.actions.context.Context`."""

    folder: Path
    cache: Path
    plan_cluster: Cluster | None = None
    host: Host = field(default_factory=LocalHost)
    cluster_at: Host | None = None
    other_clusters: Sequence[ClusterAt] = ()
    restoration: Restoration | None = None
    images: Mapping[str, Host] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    built_images: frozenset[str] = frozenset()
    delivered_images: frozenset[str] = frozenset()
    env: Mapping[str, str] = field(default_factory=dict)
    deadline: float | None = None
    task: str = "task"
    step: int = 0
    attempt: int = 1
    lines: list[tuple[str, str]] = field(default_factory=list)
    spans: list[RecordedSpan] = field(default_factory=list)
    progressed: list[tuple[float, float | None, str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    probes: list[Probed] = field(default_factory=list)

    @property
    def cluster(self) -> Cluster:
        if self.plan_cluster is None:
            raise ActionError("the plan has no cluster")
        return self.plan_cluster

    @property
    def cluster_host(self) -> Host:
        return self.cluster_at or self.host

    def image_host(self, image: str) -> Host:
        return self.images.get(image, self.host)

    def log(self, text: str | Sequence[str], source: str = "") -> None:
        self.lines += [(source, line) for line in ([text] if isinstance(text, str) else text)]

    def progress(self, done: float, total: float | None = None, unit: str = "", what: str = "") -> None:
        self.progressed.append((done, total, unit, what))

    def span(self, name: str, subject: str = "") -> RecordedSpan:
        self.spans.append(span := RecordedSpan(name, subject))
        return span

    def probed(self, pod: Probed) -> None:
        self.probes.append(pod)

    def secret(self, value: str) -> None:
        self.secrets.append(value)

    def holds_secret(self, text: str) -> bool:
        return any(secret in text for secret in self.secrets)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
