"""Watches the pods of what is waited for: their states, events and logs."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.actions.kubernetes.pod_tracker import LINES, PodTracker, event_text
from tui.clients.kubernetes.api import ApiError, UnreachableError
from tui.clients.kubernetes.logs import follow
from tui.clients.kubernetes.watch import Listed, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.actions.context import Context
    from tui.actions.kubernetes.background_tasks import Start
    from tui.actions.kubernetes.pods import Container
    from tui.actions.kubernetes.target import Target
    from tui.clients.kubernetes.api import Api, Object

_RECENT = timedelta(minutes=2)
_KEPT = 500


class Observer:
    """Watches the pods of what is waited for in one namespace.

    Attributes:
        pods: The pods there are, by uid.
        troubles: The last warnings about what is waited for itself, such as pods that may not be made.
        last: The last pod of each target that is gone.
        refused: Why the last pod that was to be made of a target was refused; empty if it was made.
    """

    def __init__(
        self, api: Api, namespace: str, ctx: Context, start: Start, wake: Callable[[], None]
    ) -> None:
        self.pods: dict[str, PodTracker] = {}
        self.troubles: deque[str] = deque(maxlen=5)
        self.last: dict[Target, PodTracker] = {}
        self.refused: dict[Target, str] = {}
        self._api = api
        self._pods_path = f"/api/v1/namespaces/{namespace}/pods"
        self._events_path = f"/api/v1/namespaces/{namespace}/events"
        self._ctx = ctx
        self._start = start
        self._wake = wake
        self._early: deque[Object] = deque(maxlen=_KEPT)  # events of pods that have not been seen yet

    async def follow_pods(self, target: Target, selector: str) -> None:
        """Watch a target's pods until cancelled."""
        async with contextlib.aclosing(watch(self._api, self._pods_path, labelSelector=selector)) as changes:
            async for change in changes:
                if isinstance(change, Listed):
                    self._see_all(change.items, target)
                elif change.kind == "DELETED":
                    self._forget(change.item["metadata"]["uid"])
                else:
                    self._see(change.item, target)
                self._wake()

    async def look(self, target: Target, selector: str) -> None:
        """Look at a target's pods now: their watch may be behind what was told of the target."""
        with contextlib.suppress(ApiError, UnreachableError):
            listed = await self._api.get(self._pods_path, labelSelector=selector)
            self._see_all(listed.get("items") or (), target)

    async def follow_events(self, targets: Sequence[Target]) -> None:
        """Watch the namespace's events until cancelled; without the permission, watch none."""
        try:
            async with contextlib.aclosing(watch(self._api, self._events_path)) as changes:
                async for change in changes:
                    if isinstance(change, Listed):
                        for event in sorted(change.items, key=_happened):
                            self._take_event(event, targets, live=False)
                        for pod in self.pods.values():
                            pod.end_history()
                    elif change.kind != "DELETED":
                        self._take_event(change.item, targets, live=True)
        except ApiError as error:
            self._ctx.log(f"events cannot be shown: {error.cause}")

    async def last_lines(self, pod: PodTracker, container: Container) -> list[str]:
        """Return the end of a container's log; of its last run if it crashed and waits for the next."""
        query = {"container": container.name, "tailLines": str(LINES)}
        if (
            container.phase != "running"
            and container.exit_code is not None
            and container.phase != "terminated"
        ):
            query["previous"] = "true"
        with contextlib.suppress(ApiError, UnreachableError):
            text = await self._api.text(f"{self._pods_path}/{pod.name}/log", **query)
            if text.strip():
                return text.splitlines()[-LINES:]
        return list(pod.lines)

    def close(self) -> None:
        """Close all open spans."""
        for pod in self.pods.values():
            pod.close()

    def _see_all(self, pods: Sequence[Object], target: Target) -> None:
        for pod in pods:
            self._see(pod, target)
        there = {pod["metadata"]["uid"] for pod in pods}
        for uid in [u for u, p in self.pods.items() if p.target is target and u not in there]:
            self._forget(uid)

    def _see(self, pod: Object, target: Target) -> None:
        uid = pod["metadata"]["uid"]
        now = asyncio.get_running_loop().time()
        known = self.pods.get(uid)
        watched = known or self.pods.setdefault(uid, PodTracker(pod, target, self._ctx))
        watched.see(pod, now)
        if not known:
            for event in [e for e in self._early if e["involvedObject"].get("uid") == uid]:
                watched.take_event(event, live=False)
            watched.end_history()
        for container in watched.new_runs():
            self._start(self._follow_log(watched, container))

    def _forget(self, uid: str) -> None:
        if pod := self.pods.pop(uid, None):
            pod.close()
            self.last[pod.target] = pod
            self._ctx.log("is gone", pod.source)

    async def _follow_log(self, pod: PodTracker, container: Container) -> None:
        loop = asyncio.get_running_loop()
        await follow(
            self._api,
            f"{self._pods_path}/{pod.name}/log",
            container.name,
            take=lambda lines: pod.take_lines(container.name, lines, loop.time()),
            alive=lambda: pod.is_running(container.run),
        )

    def _take_event(self, event: Object, targets: Sequence[Target], *, live: bool) -> None:
        about = event.get("involvedObject") or {}
        if about.get("kind") == "Pod":
            if pod := self.pods.get(about.get("uid", "")):
                pod.take_event(event, live=live)
            else:
                self._early.append(event)
        elif (live or _is_recent(event)) and (owners := [each for each in targets if each.concerns(about)]):
            warns = event.get("type") == "Warning"
            text = event_text(event)
            if warns or event.get("reason") == "WaitForFirstConsumer":
                self.troubles.append(text)
            if live and event.get("reason") in {"FailedCreate", "SuccessfulCreate"}:
                self.refused.update(dict.fromkeys(owners, text.removeprefix("warning: ") if warns else ""))
            if warns or not about.get("apiVersion", "").startswith("apps/"):  # those say little
                self._ctx.log(text, f"{about['kind'].lower()}/{about.get('name', '')}")


def _happened(event: Object) -> str:
    """Return when an event last happened, in RFC 3339, which compares as text."""
    made = event["metadata"].get("creationTimestamp")
    return str(event.get("lastTimestamp") or event.get("eventTime") or made or "")


def _is_recent(event: Object) -> bool:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(_happened(event)) < _RECENT
    except ValueError:
        return False
