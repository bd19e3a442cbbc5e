"""Discovery of the resource that a kind is served as."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.clients.kubernetes.api import ApiError
from tui.errors import ActionError

if TYPE_CHECKING:
    from tui.clients.kubernetes.api import Api, Object

REFRESHES = (0.0, 0.5, 1.5)
"""Seconds before each refresh of a group: a new kind is listed a moment after its CRD is established."""

_VERSION = re.compile(r"v\d+((alpha|beta)\d+)?(\.|$)")
_NO_KIND = "apply its CustomResourceDefinition first, or correct apiVersion and kind"


class UnknownKindError(ActionError):
    """The API server does not serve such objects."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The resource that serves objects of a kind.

    Attributes:
        root: The group's path, such as `/apis/apps/v1`.
        plural: The resource's name in it, such as `deployments`.
        namespaced: Whether its objects are in namespaces.
        has_status: Whether their status is written apart from them, by controllers.
        kind: The objects' kind.
        names: What kubectl calls it: its name in the plural and singular, its kind and its short names.
        deletable: Whether its objects can be listed and deleted.
    """

    root: str
    plural: str
    namespaced: bool
    has_status: bool = False
    kind: str = ""
    names: frozenset[str] = frozenset()
    deletable: bool = False

    @property
    def is_built_in(self) -> bool:
        """Whether its group is one of Kubernetes itself."""
        return _is_built_in(self.group)

    @property
    def group(self) -> str:
        """The name of the API group; empty for the core group."""
        return self.root.split("/")[2] if self.root.startswith("/apis/") else ""

    def collection(self, namespace: str) -> str:
        """Return the path of the list in a namespace; cluster-wide resources ignore it."""
        return (
            f"{self.root}/namespaces/{namespace}/{self.plural}"
            if self.namespaced
            else f"{self.root}/{self.plural}"
        )

    def item(self, namespace: str, name: str) -> str:
        """Return the path of one object."""
        return f"{self.collection(namespace)}/{name}"


class Discovery:
    """What an API server serves, asked once for each group and version."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._groups: dict[str, dict[str, Resource]] = {}

    async def resource(self, api_version: str, kind: str) -> Resource:
        """Find the resource of a kind.

        Raises:
            UnknownKindError: There is none, even when asked again.
        """
        if found := self._groups.get(api_version, {}).get(kind):
            return found
        for pause in REFRESHES:
            await asyncio.sleep(pause)
            if found := (await self.refresh(api_version)).get(kind):
                return found
        served = await self._served_in(api_version.rpartition("/")[0], kind)
        hint = f"this server has it in {served}: correct apiVersion" if served else _NO_KIND
        spelt = {each.lower(): each for each in self._groups.get(api_version, {})}.get(kind.lower())
        hint = f"kinds are spelt with capitals: write {spelt}" if spelt else hint
        raise UnknownKindError(f"the API server knows no {kind} in {api_version}", hint)

    async def named(self, word: str) -> Resource | None:
        """Find a resource by what kubectl takes: `pod`, `deploy`, `certificate.cert-manager.io`.

        Returns:
            The resource; None if none is called so, yet.
        """
        name, _, group = word.lower().partition(".")
        for api_version in await self._versions(group):
            served = self._groups.get(api_version) or await self.refresh(api_version)
            if found := next((each for each in served.values() if name in each.names), None):
                return found
        self._groups.clear()  # what is missing may come
        return None

    async def served(self) -> list[Resource]:
        """Return all resources, of each group in the version that the server prefers."""
        found = await asyncio.gather(*map(self.refresh, await self._versions("")))
        return [resource for served in found for resource in served.values()]

    async def _versions(self, group: str) -> list[str]:
        """Return the versions of a group such as `apps` or `v1.apps`, preferred ones first; all if empty."""
        groups = (await self._api.find("/apis") or {}).get("groups") or []
        if not group:
            return ["v1", *(each["preferredVersion"]["groupVersion"] for each in groups)]
        version, _, rest = group.partition(".") if _VERSION.match(group) else ("", "", group)
        found = [each["groupVersion"] for one in groups if one["name"] == rest for each in one["versions"]]
        return [each for each in found if version in {"", each.rpartition("/")[2]}]

    async def _served_in(self, group: str, kind: str) -> str:
        """Return the versions of a group that serve a kind; for a built-in kind of other groups, too."""
        groups = (await self._api.find("/apis") or {}).get("groups") or []
        wanted = [each for each in groups if each["name"] == group or _is_built_in(group, each["name"])]
        versions = [each["groupVersion"] for found in wanted for each in found["versions"]]
        core = ["v1"] if _is_built_in(group) else []
        return ", ".join([each for each in (*core, *versions) if kind in await self.refresh(each)])

    async def refresh(self, api_version: str) -> dict[str, Resource]:
        """Ask again what a group and version serves, by kind; nothing if it is not served."""
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = (await self._api.get(root)).get("resources") or []
        except ApiError as error:
            if error.status not in {404, 503}:  # 503: an aggregated API whose server is away
                raise
            listed = []
        names = {entry["name"] for entry in listed}
        self._groups[api_version] = {
            entry["kind"]: Resource(
                root,
                entry["name"],
                entry["namespaced"],
                f"{entry['name']}/status" in names,
                entry["kind"],
                _words(entry),
                {"list", "delete"} <= {*(entry.get("verbs") or ())},
            )
            for entry in listed
            if "/" not in entry["name"]  # those are subresources
        }
        return self._groups[api_version]


def _words(entry: Object) -> frozenset[str]:
    singular = entry.get("singularName") or entry["kind"].lower()
    return frozenset((entry["name"], singular, entry["kind"].lower(), *(entry.get("shortNames") or ())))


def _is_built_in(*groups: str) -> bool:
    return all("." not in group or group.endswith(".k8s.io") for group in groups)
