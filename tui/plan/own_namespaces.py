"""The namespaces of one of several users of a cluster: all that a plan names get a prefix.

What is prefixed has one meaning wherever it stands: fields of steps, an object's own namespace and those of
service accounts and services that it refers to, DNS names such as `web.shop.svc`, the users and groups of
service accounts, and the label that each namespace has of its own name. Other texts may mean anything: they
stay, and `tui.plan.lint.unprefixed` remarks on them.
"""

from __future__ import annotations

import contextlib
import copy
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from tui.plan.clusters import clusters_in
from tui.plan.replacing import references
from tui.plan.substitute import each_text
from tui.plan.values import Frozen, OneOrMore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import ValidationInfo

    from tui.plan.document import Path_

GIVEN = frozenset({"default", "kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
"""The namespaces that a Kind cluster has from the start."""
NAMESPACES = "namespaces"
"""The key of `Namespaces` in a cluster; in the context of a plan's validation those of its clusters."""
_CLUSTER = "cluster"
"""The key, in that context, of the name of the cluster that is meant."""
OWN_NAME = "kubernetes.io/metadata.name"
"""The label by which policies and webhooks select namespaces by their names."""

_LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAMED = re.compile(
    rf"(?<=\.){_LABEL}(?=\.svc(?![\w-]))|(?:(?<=system:serviceaccount:)|(?<=system:serviceaccounts:)){_LABEL}"
)


class Namespaces(Frozen):
    """How the namespaces of a plan are told from those of other users of its cluster."""

    prefix: str = Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?-)?$",
        description="What the names of all namespaces begin with that the plan names, such as `${user}-`;"
        " names that begin with it already stay. Empty for none.",
    )
    shared: Annotated[tuple[str, ...], OneOrMore()] = Field(
        (),
        description="Namespaces that keep their names, as all users share them, such as `cert-manager`. So do"
        " `default` and those of Kubernetes itself.",
    )

    def named(self, name: str) -> str:
        """Return the name of a namespace in the cluster."""
        stays = not name or name in GIVEN or name.startswith(("kube-", self.prefix)) or name in self.shared
        return name if stays else f"{self.prefix}{name}"

    def filled_in(self, text: str) -> str:
        """Return a text with the namespaces in DNS names, and in names of service accounts, as they are."""
        return _NAMED.sub(lambda found: self.named(found[0]), text)

    def placed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object in its namespace, with what it refers to in theirs."""

        def changed(text: str, path: Path_) -> str:
            return self.named(text) if path[-1:] == (OWN_NAME,) else self.filled_in(text)

        defines = body.get("kind") == "CustomResourceDefinition"  # whose texts are descriptions
        result: dict[str, Any] = copy.deepcopy(dict(body)) if defines else each_text(dict(body), changed)
        is_namespace = (body.get("apiVersion"), body.get("kind")) == ("v1", "Namespace")
        self._place(result.get("metadata"), "name" if is_namespace else "namespace")
        for _, reference in references(result):
            self._place(reference, "namespace")
        return result

    def _place(self, holder: Any, key: str) -> None:
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            holder[key] = self.named(holder[key])


def namespaces_in(data: Mapping[str, Any]) -> dict[str, Namespaces]:
    """Return how the namespaces of a plan's clusters are named, by the clusters' names as `Plan` has them.

    Left out are those whose names stay as they are written, and where that is wrong.

    Args:
        data: The plan, filled in, of whatever shape.
    """
    found: dict[str, Namespaces] = {}
    for name, cluster in clusters_in(data).items():
        if isinstance(cluster, dict) and cluster.get(NAMESPACES) is not None:
            with contextlib.suppress(ValidationError):  # the plan's own validation tells it
                found[name] = Namespaces.model_validate(cluster[NAMESPACES])
    return found


@contextlib.contextmanager
def in_cluster(data: Any, info: ValidationInfo) -> Iterator[None]:
    """Have namespaces named as in the cluster of a part of a plan, while that is validated."""
    context: dict[str, Any] = info.context or {}
    if not context.get(NAMESPACES) or not isinstance(data, dict):
        yield
        return
    around = context.get(_CLUSTER, "")
    context[_CLUSTER] = data.get("cluster") or ""
    try:
        yield
    finally:
        context[_CLUSTER] = around


def namespaces_of(info: ValidationInfo) -> Namespaces | None:
    """Return how the namespaces are named of the cluster that is meant in what is being validated."""
    context = info.context or {}
    found: Namespaces | None = (context.get(NAMESPACES) or {}).get(context.get(_CLUSTER, ""))
    return found
