"""How steps name what is in a cluster: namespaces, objects, rollouts."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from tui.plan.faults import shown
from tui.plan.own_namespaces import namespaces_of

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
OBJECT_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
KIND = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9.-]+)?")
CHARACTERS = "lower-case letters and digits, with - between them"
_NAMESPACE_NAME = re.compile(f"(?=.{{1,63}}$){_LABEL}")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?")
NAMESPACE_KINDS = frozenset({"ns", "namespace", "namespaces"})
_ROLLOUT_KINDS = {  # as kubectl takes them
    **dict.fromkeys(("deploy", "deployment", "deployments"), "deployment"),
    **dict.fromkeys(("sts", "statefulset", "statefulsets"), "statefulset"),
    **dict.fromkeys(("ds", "daemonset", "daemonsets"), "daemonset"),
}


def _namespace(name: str, info: ValidationInfo) -> str:
    if not _NAMESPACE_NAME.fullmatch(name):
        raise ValueError(f"{shown(name)} is not the name of a namespace", CHARACTERS)
    return _own(name, info)


def _own(name: str, info: ValidationInfo) -> str:
    """Return the name of a namespace in the cluster."""
    namespaces = namespaces_of(info)
    own = namespaces.named(name) if namespaces else name
    if own != name and not _NAMESPACE_NAME.fullmatch(own):
        hint = "shorten it, or the `prefix` of the cluster's `namespaces`"
        raise ValueError(f"{shown(own)} is longer than the name of a namespace can be", hint)
    return own


Namespace = Annotated[str, AfterValidator(_namespace)]
"""The name of a namespace, as the API server takes it, and as the plan's namespaces are named."""


def _object_name(name: str) -> str:
    if not OBJECT_NAME.fullmatch(name):
        raise ValueError(f"{shown(name)} is not the name of an object", CHARACTERS)
    return name


ObjectName = Annotated[str, AfterValidator(_object_name)]
"""The name of an object, as the API server takes it."""


def checked_reference(text: str, info: ValidationInfo) -> str:
    """Return a reference as it is, but to a namespace as the plan's are named.

    Raises:
        ValueError: It names no object.
    """
    kind, _, name = text.partition("/")
    if not KIND.fullmatch(kind) or not _NAME.fullmatch(name):
        hint = "write KIND/NAME or KIND.GROUP/NAME, such as certificate.cert-manager.io/web"
        raise ValueError(f"{shown(text)} does not name an object", hint)
    return f"{kind}/{_own(name, info)}" if kind.lower() in NAMESPACE_KINDS else text


Reference = Annotated[str, AfterValidator(checked_reference)]
"""An object, as kubectl takes it: `pod/NAME`, `certificate.cert-manager.io/NAME`."""


def _rollout(rollout: str) -> str:
    written, _, name = rollout.partition("/")
    kind = _ROLLOUT_KINDS.get(written.lower().removesuffix(".apps"))
    if kind is None or not name:
        cause = f"{shown(rollout)} is not deployment/NAME, statefulset/NAME or daemonset/NAME"
        hint = f"wait for anything else by its conditions: {{object: {rollout}, is: Ready}}" if name else ""
        raise ValueError(cause, hint or "write the kind before the name, as kubectl does")
    return f"{kind}/{_object_name(name)}"


Rollout = Annotated[str, AfterValidator(_rollout)]
