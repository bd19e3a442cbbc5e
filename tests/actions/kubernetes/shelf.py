"""An API server whose objects a test puts, changes and takes away."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

WIDGET = "/apis/example.com/v1"
_NODE = {"name": "nodes", "singularName": "", "kind": "Node", "namespaced": False}
_POD = {"name": "pods", "singularName": "", "kind": "Pod", "namespaced": True, "shortNames": ["po"]}
_CLAIM = {
    "name": "persistentvolumeclaims",
    "singularName": "",
    "kind": "PersistentVolumeClaim",
    "namespaced": True,
    "shortNames": ["pvc"],
}
_SERVICE = {"name": "services", "singularName": "", "kind": "Service", "namespaced": True}
_KIND = {
    "name": "widgets",
    "singularName": "widget",
    "kind": "Widget",
    "namespaced": True,
    "shortNames": ["wd"],
}


class Shelf:
    """Lists, watches and logs.

    Attributes:
        app: The server.
        logs: What containers printed, by pod.
    """

    def __init__(self, *, widgets: bool = True) -> None:
        self.app = web.Application()
        self.app.router.add_get("/{path:.*}", self._answer)
        self.logs: dict[str, str] = {}
        self.widgets = widgets
        self._items: dict[str, dict[str, dict[str, Any]]] = {}
        self._changes: list[tuple[str, str, dict[str, Any]]] = []
        self._changed = asyncio.Event()

    def put(self, path: str, name: str, **item: Any) -> None:
        """Puts an object into a list, in place of one of its name."""
        metadata = {"name": name, "uid": f"uid-{name}", "generation": 1, **item.pop("metadata", {})}
        metadata["resourceVersion"] = str(len(self._changes) + 2)
        items = self._items.setdefault(path, {})
        kind = "MODIFIED" if name in items else "ADDED"
        items[name] = {"metadata": metadata, "spec": {}, **item}
        self._tell(kind, path, items[name])

    def take(self, path: str, name: str) -> None:
        """Takes an object away."""
        self._tell("DELETED", path, self._items[path].pop(name))

    def _tell(self, kind: str, path: str, item: dict[str, Any]) -> None:
        self._changes.append((kind, path, item))
        self._changed.set()
        self._changed = asyncio.Event()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path.endswith("/log"):
            return web.Response(text=self.logs.get(path.split("/")[-2], ""))
        if path in {"/apis", "/api/v1", WIDGET}:
            return web.json_response(self._discovered(path))
        if "watch" in request.query:
            return await self._watched(request)
        parent, _, name = path.rpartition("/")
        if name in self._items.get(parent, {}):
            return web.json_response(self._items[parent][name])
        if parent in self._items:
            return web.json_response({"kind": "Status", "message": f"{name} not found"}, status=404)
        items = [each for each in self._items.get(path, {}).values() if _selected(request, each)]
        version = str(len(self._changes) + 1)
        head = {"apiVersion": "v1", "kind": "WidgetList", "metadata": {"resourceVersion": version}}
        return web.json_response({**head, "items": items})

    def _discovered(self, path: str) -> dict[str, Any]:
        version = {"groupVersion": "example.com/v1", "version": "v1"}
        group = {"name": "example.com", "versions": [version], "preferredVersion": version}
        if path == "/apis":
            return {"groups": [group] * self.widgets}
        return {"resources": [_KIND] * self.widgets if path == WIDGET else [_NODE, _POD, _CLAIM, _SERVICE]}

    async def _watched(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        at = int(request.query["resourceVersion"]) - 1
        while True:
            changed = self._changed
            for kind, path, item in self._changes[at:]:
                if path == request.path and _selected(request, item):
                    await response.write(json.dumps({"type": kind, "object": item}).encode() + b"\n")
            at = len(self._changes)
            await changed.wait()


def _selected(request: web.Request, item: dict[str, Any]) -> bool:
    name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
    label, _, value = request.query.get("labelSelector", "").partition("=")
    named = name in {"", item["metadata"]["name"]}
    return named and (not label or item["metadata"].get("labels", {}).get(label) == value)


def conditions(**status: str) -> dict[str, Any]:
    """A status of conditions, each with its status."""
    return {"conditions": [{"type": each, "status": value} for each, value in status.items()]}
