"""The step `kubernetes.wait`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tui.actions.kubernetes.background_tasks import background_tasks
from tui.actions.kubernetes.diagnosis import Verdict
from tui.actions.kubernetes.observer import Observer
from tui.actions.kubernetes.pods import containers, describe, holds, unschedulable
from tui.actions.kubernetes.rollouts import Rollout, is_latest, is_probed, selector
from tui.clients.kubernetes.api import ApiError, UnreachableError
from tui.clients.kubernetes.watch import Listed, watch
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.failures import hint_for
from tui.reporter import Done

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.actions.kubernetes.background_tasks import Start
    from tui.actions.kubernetes.pod_tracker import PodTracker
    from tui.clients.kubernetes.api import Api, Object
    from tui.plan.steps import KubernetesWait

_TICK = 1.0  # seconds: how often what is counted in time is looked at
_STEADY_AFTER = 2.0  # seconds
_EXPLAINED_WITHIN = 2.0  # seconds for reading a failed pod's last lines


async def wait(step: KubernetesWait, ctx: Context) -> Done:
    """Wait until rollouts exist and are complete, and report their pods' states, events, logs and spans.

    Returns:
        Unchanged if all were complete at the start.

    Raises:
        ActionError: They did not become complete in time, or will not: names the pod, its state, its last
            events and lines.
    """
    rollouts = [Rollout.parse(text, step.namespace) for text in step.rollouts]
    async with connect(ctx) as api:
        return await _Wait(api, rollouts, ctx).run()


class _Wait:
    """One run of the step."""

    def __init__(self, api: Api, rollouts: list[Rollout], ctx: Context) -> None:
        self._api = api
        self._ctx = ctx
        self._rollouts = rollouts
        self._found: dict[Rollout, Object | None] = dict.fromkeys(rollouts)
        self._old_failures: dict[Rollout, str] = {}
        self._stuck_since: dict[Rollout, float] = {}
        self._reported: dict[Rollout, str] = {}
        self._ready_since: dict[Rollout, float] = {}
        self._change = asyncio.Event()

    async def run(self) -> Done:
        for rollout in self._rollouts:
            self._found[rollout] = await self._api.find(rollout.path)
            self._old_failures[rollout] = rollout.status(self._found[rollout]).failed
        note = f"{len(self._rollouts)} rollouts ready" if len(self._rollouts) > 1 else "1 rollout ready"
        if self._count_ready() == len(self._rollouts):
            self._warn_of_old_pods()
            return Done(note, changed=False)
        async with background_tasks() as start:
            observer = Observer(self._api, self._rollouts[0].namespace, self._ctx, start, self._change.set)
            try:
                start(observer.follow_events(self._rollouts))
                for rollout in self._rollouts:
                    start(self._follow(rollout, observer, start))
                await self._settled(observer)
            finally:
                observer.close()
        self._warn_of_old_pods()
        return Done(note)

    def _warn_of_old_pods(self) -> None:
        for rollout in self._rollouts:
            if left := rollout.status(self._found[rollout]).left:
                self._ctx.warn(f"{rollout}: {left}; delete them to have them replaced")

    async def _follow(self, rollout: Rollout, observer: Observer, start: Start) -> None:
        """Watch a rollout, whether it exists yet or not."""
        field = f"metadata.name={rollout.name}"
        seen = False
        async with contextlib.aclosing(watch(self._api, rollout.collection, fieldSelector=field)) as changes:
            async for change in changes:
                if isinstance(change, Listed):
                    self._found[rollout] = change.items[0] if change.items else None
                else:
                    self._found[rollout] = None if change.kind == "DELETED" else change.item
                found = self._found[rollout]
                if found and not seen:
                    seen = True
                    start(observer.follow_pods(rollout, selector(found)))
                self._tell(rollout)
                self._note_readiness(rollout)
                self._change.set()

    def _tell(self, rollout: Rollout) -> None:
        message = rollout.status(self._found[rollout]).message
        if self._reported.get(rollout) != message:
            self._ctx.log(message, str(rollout))
        self._reported[rollout] = message
        self._ctx.progress(self._count_ready(), len(self._rollouts), "rollouts", f"{rollout}: {message}")

    def _note_readiness(self, rollout: Rollout) -> None:
        if rollout.status(self._found[rollout]).ready:
            self._ready_since.setdefault(rollout, asyncio.get_running_loop().time())
        else:
            self._ready_since.pop(rollout, None)

    def _is_steady(self, now: float) -> bool:
        """Return whether every rollout is complete, and has been for some time if nothing probes its pods.

        A container without a readiness probe counts as ready from its start, even if it ends at once.
        """
        for rollout in self._rollouts:
            found, since = self._found[rollout], self._ready_since.get(rollout)
            if found is None or since is None or (not is_probed(found) and now - since < _STEADY_AFTER):
                return False
        return True

    def _count_ready(self) -> int:
        return sum(rollout.status(self._found[rollout]).ready for rollout in self._rollouts)

    def _waited_for(self) -> list[Rollout]:
        return [rollout for rollout in self._rollouts if not rollout.status(self._found[rollout]).ready]

    async def _settled(self, observer: Observer) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_steady(now := loop.time()):
            await self._give_up_on_failures(observer, now)
            await self._give_up_on_pods(observer, now)
            if self._ctx.deadline is not None and now >= self._ctx.deadline:
                if not self._waited_for():
                    return
                raise await self._late(observer)
            until = now + _TICK if self._ctx.deadline is None else min(now + _TICK, self._ctx.deadline)
            self._change.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._change.wait()

    async def _give_up_on_failures(self, observer: Observer, now: float) -> None:
        """Fail if a rollout has failed, or is stuck.

        A failure from before this step may have been mended since. A paused Deployment is still scaled: it is
        stuck only if it stays so.
        """
        for rollout in self._waited_for():
            status = rollout.status(self._found[rollout])
            if status.failed and status.failed != self._old_failures[rollout]:
                raise await self._explained(f"{rollout} failed: {status.message}", observer, rollout)
            if not status.stuck:
                self._stuck_since.pop(rollout, None)
            elif now - self._stuck_since.setdefault(rollout, now) >= _STEADY_AFTER:
                raise ActionError(f"{rollout} cannot become ready: {status.message}", status.stuck)

    async def _give_up_on_pods(self, observer: Observer, now: float) -> None:
        for pod in list(observer.pods.values()):
            pod.look_again(now)
            verdict = pod.patience.verdict(now)
            if verdict and pod.rollout in self._waited_for() and (hint := await self._hint(pod, verdict)):
                cause = f"{pod.rollout} cannot become ready: {_state(pod, verdict)}"
                raise ActionError(cause, hint, await self._details(observer, pod, verdict))

    async def _hint(self, pod: PodTracker, verdict: Verdict) -> str:
        """Return what to do about a hopeless pod; empty if it is of an older template, and will be replaced.

        A StatefulSet does not replace such a pod: by its documentation it must be deleted by hand.
        """
        if await self._is_latest(pod):
            return verdict.hint or "see the pod's last events and lines"
        if pod.rollout.kind == "statefulset":
            return f"the pod is of an older revision and is not replaced by itself: delete pod {pod.name}"
        return ""

    async def _is_latest(self, pod: PodTracker) -> bool:
        found = self._found[pod.rollout]
        owners = pod.item["metadata"].get("ownerReferences") or [{}]
        replica_set = None
        if pod.rollout.kind == "deployment" and owners[0].get("kind") == "ReplicaSet":
            path = f"/apis/apps/v1/namespaces/{pod.rollout.namespace}/replicasets/{owners[0]['name']}"
            with contextlib.suppress(ApiError, UnreachableError):
                replica_set = await self._api.find(path)
        return found is not None and is_latest(pod.rollout, found, pod.item, replica_set)

    async def _late(self, observer: Observer) -> ActionError:
        missing = self._waited_for()
        states = "; ".join(f"{r}: {r.status(self._found[r]).message}" for r in missing)
        absent = next((rollout for rollout in missing if self._found[rollout] is None), None)
        if absent:
            hint = f"check that it is applied before, and to namespace {absent.namespace}"
            return ActionError(f"time is up, and not ready: {states}", hint)
        return await self._explained(f"time is up, and not ready: {states}", observer, missing[0])

    async def _explained(self, cause: str, observer: Observer, rollout: Rollout) -> ActionError:
        """Make an error that shows the pod of the rollout that is furthest from ready."""
        pods = [pod for pod in observer.pods.values() if pod.rollout == rollout]
        unready = [pod for pod in pods if not holds(pod.item, "Ready")]
        if not unready:
            state = f"all of its {len(pods)} pods are ready" if pods else "it has no pod"
            hint = f"{state}: `kubectl -n {rollout.namespace} describe {rollout}` says what it waits for"
            return ActionError(cause, hint, tuple(observer.troubles))
        pod = max(unready, key=lambda p: max((c.restarts for c in containers(p.item)), default=0))
        failed = next((c for c in containers(pod.item) if c.phase != "running" and c.exit_code != 0), None)
        if failed:
            verdict = Verdict(failed, hint_for(failed.symptoms, "pod"))
            cause = f"{cause}; {_state(pod, verdict)}"
            return ActionError(cause, verdict.hint or _LONGER, await self._details(observer, pod, verdict))
        why = unschedulable(pod.item)
        hint = hint_for(f"Unschedulable: {why}", "pod") if why else _LONGER
        last = Verdict(containers(pod.item)[-1], "") if containers(pod.item) else None
        return ActionError(
            f"{cause}; {pod.source}: {describe(pod.item)}", hint, await self._details(observer, pod, last)
        )

    async def _details(self, observer: Observer, pod: PodTracker, verdict: Verdict | None) -> tuple[str, ...]:
        lines = list(pod.lines)
        if verdict:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EXPLAINED_WITHIN):
                    lines = await observer.last_lines(pod, verdict.container)
        return (*observer.troubles, *(f"event {e}" for e in pod.events), *(f"log   {line}" for line in lines))


_LONGER = "see its readiness probe and last lines; if it is only slow, give the step a longer timeout"


def _state(pod: PodTracker, verdict: Verdict) -> str:
    message = " ".join(verdict.container.message.split())
    return f"{pod.source}: {verdict.container}" + (f": {message}" if message else "")
