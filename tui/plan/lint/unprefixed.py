"""Rules on plans of several users of a cluster: what lacks the prefix of its namespace, or is in none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tui.plan.faults import PlanError
from tui.plan.lint.commands import commands_of, namespaces_made, option, script_of, words_of
from tui.plan.namespaces import made_by, objects_of
from tui.plan.own_namespaces import OWN_NAME
from tui.plan.steps import HelmInstall, KubernetesApply
from tui.plan.steps.references import NAMESPACE_KINDS
from tui.plan.substitute import each_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.plan.document import Path_
    from tui.plan.lint.remark import Remark, StepAt, Subject
    from tui.plan.manifests import Manifest
    from tui.plan.own_namespaces import Namespaces

_SHARED_KINDS = {
    *("APIService", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "CSIDriver"),
    *("FlowSchema", "IngressClass", "MutatingWebhookConfiguration", "PersistentVolume", "PriorityClass"),
    *("PriorityLevelConfiguration", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy"),
    *("ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"),
}
"""Built-in kinds that are in no namespace, whatever their objects name."""
_MOST = 3  # objects that a remark names


def unprefixed(subject: Subject) -> Iterator[Remark]:
    """Remark on texts that name a namespace of the plan's without the prefix that it gets.

    These mean namespaces where one reads them, but may mean anything: they are not changed.
    """
    for steps, namespaces in _prefixed(subject):
        names = _Names(subject, steps, namespaces)
        hint = f"write {namespaces.prefix}… by the variable that the prefix is made of"
        for at in steps:
            for name, where in names.found_in(subject, at).items():
                text = f"names namespace {name!r} {where}, which is {namespaces.named(name)!r} in the cluster"
                yield subject.remark(at, "namespace-unprefixed", text, hint)


def _prefixed(subject: Subject) -> Iterator[tuple[list[StepAt], Namespaces]]:
    """Yield the steps of each cluster whose namespaces get a prefix, and how these are named."""
    for name, namespaces in subject.loaded.plan.namespaces.items():
        if namespaces.prefix:
            yield [at for at in subject.steps if at.step.cluster == (name or None)], namespaces


class _Names:
    """The names of the namespaces of some steps, without their prefix."""

    def __init__(self, subject: Subject, steps: Sequence[StepAt], namespaces: Namespaces) -> None:
        own: set[str] = set()
        for at in steps:
            own |= made_by(at.step, subject.variables(at), namespaces) or set()
            own |= at.step.namespaces_used
        prefix = namespaces.prefix
        self._names = {name.removeprefix(prefix) for name in own if name.startswith(prefix)} - {""}
        listed = "|".join(map(re.escape, sorted(self._names, key=len, reverse=True)))
        self._host = re.compile(rf"""(?<=[a-z0-9]\.)({listed})(?=\.svc|[:/\s"',;]|$)""") if listed else None

    def found_in(self, subject: Subject, at: StepAt) -> dict[str, str]:
        """Return the names that a step's texts have, each with where."""
        step = at.step
        if isinstance(step, HelmInstall):
            return self._in(step.values, "in `values`")
        if isinstance(step, KubernetesApply):
            found: dict[str, str] = {}
            for each in _objects(subject, at):
                found |= self._in(each.body, f"in {each.title} ({each.source})")
            return found
        commands = [each for place, each in commands_of(subject) if place == at]
        return {name: "in its command" for each in commands for name in self._in_command(each)}

    def _in_command(self, step: Any) -> set[str]:
        words = words_of(script_of(step))
        named = {*option(words, "-n", "--namespace"), *namespaces_made(step)}
        named |= {
            name
            for word in (*words, *step.env.values())
            for kind, slash, name in [word.partition("/")]
            if slash and kind in NAMESPACE_KINDS
        }
        in_texts = (self._in([word], "") for word in (*words, *step.env.values()))
        return (named & self._names).union(*in_texts)

    def _in(self, value: Any, where: str) -> dict[str, str]:
        """Return the names that texts have, each with where."""
        found: dict[str, str] = {}
        if (host := self._host) is None:
            return found

        def look(text: str, path: Path_) -> str:
            keys = [str(key).lower() for key in path if isinstance(key, str)][-2:]
            if text in self._names and any(key.endswith(("namespace", "namespaces")) for key in keys):
                found[text] = where
            found.update(dict.fromkeys(host.findall(text), where))
            return text

        each_text(value, look)
        return found | dict.fromkeys(_by_own_name(value) & self._names, where)


def _by_own_name(value: Any) -> set[str]:
    """Return the names by which expressions of selectors choose namespaces."""
    if isinstance(value, list):
        return set().union(*map(_by_own_name, value))
    if not isinstance(value, dict):
        return set()
    values = value.get("values") if value.get("key") == OWN_NAME else None
    return set(map(str, values or ())) if isinstance(values, list) else _by_own_name([*value.values()])


def not_isolated(subject: Subject) -> Iterator[Remark]:
    """Remark on objects that users with other prefixes would share: who comes last decides about them."""
    for at in (at for steps, _ in _prefixed(subject) for at in steps):
        step = at.step
        if not isinstance(step, KubernetesApply):
            continue
        usual = step.move_to or step.namespace
        shared = [each.title for each in _objects(subject, at) if _is_shared(each, usual)]
        if shared:
            more = f" and {len(shared) - _MOST} more" if len(shared) > _MOST else ""
            listed = f"{', '.join(shared[:_MOST])}{more}"
            text = f"applies what all users share, as it is in no namespace of the plan's: {listed}"
            hint = "give it a `namespace`, or install it once for all users, by another plan"
            yield subject.remark(at, "namespace-shared", text, hint, "advice")


def _is_shared(manifest: Manifest, usual: str | None) -> bool:
    if manifest.kind == "Namespace":
        return False
    return manifest.kind in _SHARED_KINDS or (manifest.namespace or usual or "default") == "default"


def _objects(subject: Subject, at: StepAt) -> list[Manifest]:
    """Return the objects of a step that are known, in their namespaces; none where one cannot be read."""
    assert isinstance(at.step, KubernetesApply)
    try:
        return objects_of(at.step, subject.variables(at), subject.loaded.plan.namespaces_of(at.step))
    except PlanError:  # applying it will say what is wrong with it
        return []
