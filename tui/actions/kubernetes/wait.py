"""The step `kubernetes.wait`."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.actions.kubernetes.background_tasks import background_tasks
from tui.actions.kubernetes.diagnosis import Verdict, refused_for_good
from tui.actions.kubernetes.named_objects import Gone
from tui.actions.kubernetes.observer import Observer
from tui.actions.kubernetes.pods import containers, describe, holds, unschedulable
from tui.actions.kubernetes.rollouts import Rollout, is_latest
from tui.actions.kubernetes.targets import Job, targets_of
from tui.clients.kubernetes.api import ApiError, UnreachableError
from tui.clients.kubernetes.discovery import Discovery
from tui.clients.kubernetes.watch import Listed, watch
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.recognition import hint_for
from tui.reporter import Done
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.actions.context import Context
    from tui.actions.kubernetes.background_tasks import Start
    from tui.actions.kubernetes.pod_tracker import PodTracker
    from tui.actions.kubernetes.pods import Container
    from tui.actions.kubernetes.target import Status, Target
    from tui.clients.kubernetes.api import Api, Object
    from tui.plan.steps import KubernetesWait
    from tui.reporter import Span

_TICK = 1.0  # seconds: how often what is counted in time is looked at
_KIND_EVERY = 1.0  # seconds: how often a kind that is not known yet is asked for
_STEADY_AFTER = 2.0  # seconds
_REFUSED_AFTER = 10.0  # seconds: what would allow the pods may be about to be applied
_EXPLAINED_WITHIN = 2.0  # seconds for reading which pods a failed target has, and a failed pod's last lines


async def wait(step: KubernetesWait, ctx: Context) -> Done:
    """Wait until what a step names exists and is as wanted; report pods' states, events, logs and spans.

    Returns:
        Unchanged if all was so at the start.

    Raises:
        ActionError: It did not become so in time, or will not: names the pod, its state, its last events and
            lines.
    """
    async with connect(ctx) as api:
        return await wait_for(api, targets_of(step), step.namespace, ctx)


async def wait_for(
    api: Api, targets: list[Target], namespace: str, ctx: Context, seconds: float | None = None
) -> Done:
    """Wait for some targets in one namespace, so many seconds where there is no deadline; see `wait`."""
    end = None if seconds is None else asyncio.get_running_loop().time() + seconds
    return await _Wait(api, targets, namespace, ctx, end).run()


class _Wait:
    """One run of the step."""

    def __init__(
        self, api: Api, targets: list[Target], namespace: str, ctx: Context, end: float | None
    ) -> None:
        self._api = api
        self._ctx = ctx
        self._end = end
        self._targets = targets
        self._namespace = namespace
        self._discovery = Discovery(api)
        self._found: dict[Target, dict[str, Object]] = {target: {} for target in targets}
        self._over: set[Target] = set()
        self._seen: set[Target] = set()  # what has been there
        self._spans: dict[Target, Span] = {}
        self._old_failures: dict[Target, str] = {}
        self._stuck_since: dict[Target, float] = {}
        self._reported: dict[Target, str] = {}
        self._ready_since: dict[Target, float] = {}
        self._change = asyncio.Event()
        self._unit = "rollouts" if all(each.noun == "rollout" for each in targets) else "waits"

    async def run(self) -> Done:
        for target in self._targets:
            await self._look(target)
        if self._count_ready() == len(self._targets):
            self._warn_of_what_is_left()
            return Done(self._note(), changed=False)
        async with background_tasks() as start:
            observer = Observer(self._api, self._namespace, self._ctx, start, self._change.set)
            try:
                start(observer.follow_events(self._targets))
                for target in self._targets:
                    start(self._follow(target, observer, start))
                await self._settled(observer)
            finally:
                observer.close()
                for span in self._spans.values():
                    span.close()
        self._warn_of_what_is_left()
        return Done(self._note())

    @property
    def _deadline(self) -> float | None:
        return self._end if self._ctx.deadline is None else self._ctx.deadline

    def _note(self) -> str:
        counts = Counter((target.noun, target.done) for target in self._targets if target.noun)
        counted = [f"{plural(count, noun)} {done}" for (noun, done), count in counts.items()]
        told = [self._status(target).message for target in self._targets if not target.noun]
        return ", ".join((*counted, *told))

    def _status(self, target: Target) -> Status:
        status = target.judge(list(self._found[target].values()))
        deleted = target.noun and target in self._seen and not self._found[target]
        return replace(status, message="it was deleted") if deleted and not status.ready else status

    def _is_ready(self, target: Target) -> bool:
        return target in self._over or self._status(target).ready

    async def _look(self, target: Target) -> None:
        """Look once at what there is when the step begins."""
        if path := await target.locate(self._discovery):
            listed = await self._api.get(path, **target.query)
            self._keep(target, listed.get("items") or ())
        elif isinstance(target, Gone):
            self._over.add(target)
            self._ctx.warn(f"the cluster knows no kind of {target}: it counts as gone")
        self._old_failures[target] = self._status(target).failed if target.mendable else ""
        if target.once and self._status(target).ready:
            self._over.add(target)

    def _keep(self, target: Target, items: Sequence[Object]) -> None:
        self._found[target] = {_identity(each): each for each in items}
        self._seen.update({target} if items else ())

    def _warn_of_what_is_left(self) -> None:
        for target in self._targets:
            if left := self._status(target).left:
                self._ctx.warn(f"{target}: {left}")

    async def _follow(self, target: Target, observer: Observer, start: Start) -> None:
        """Watch a target, whether it exists yet or not."""
        if target.span and not self._is_ready(target):
            self._spans[target] = self._ctx.span(target.span, str(target))
        while not (path := await target.locate(self._discovery)):
            self._see(target)
            await asyncio.sleep(_KIND_EVERY)
        selector = ""
        async with contextlib.aclosing(watch(self._api, path, **target.query)) as changes:
            async for change in changes:
                if isinstance(change, Listed):
                    self._keep(target, change.items)
                elif change.kind == "DELETED":
                    self._found[target].pop(_identity(change.item), None)
                else:
                    self._found[target][_identity(change.item)] = change.item
                    self._seen.add(target)
                if not selector and (selector := target.pods(list(self._found[target].values()))):
                    start(observer.follow_pods(target, selector))
                self._see(target)

    def _see(self, target: Target) -> None:
        """Report a target's new state."""
        status = self._status(target)
        if self._reported.get(target) != status.message and target not in self._over:
            self._ctx.log(status.message, target.source)
        self._reported[target] = status.message
        if not status.ready:
            self._ready_since.pop(target, None)
        else:
            self._ready_since.setdefault(target, asyncio.get_running_loop().time())
            if target.once:
                self._over.add(target)
        if self._is_ready(target) and (span := self._spans.pop(target, None)):
            span.close()
        self._ctx.progress(self._count_ready(), len(self._targets), self._unit, f"{target}: {status.message}")
        self._change.set()

    def _is_steady(self, now: float) -> bool:
        """Return whether all is as wanted, and has been for some time if nothing probes its pods.

        A container without a readiness probe counts as ready from its start, even if it ends at once.
        """
        for target in self._targets:
            if target in self._over:
                continue
            since, items = self._ready_since.get(target), list(self._found[target].values())
            if since is None or (target.is_brief(items) and now - since < _STEADY_AFTER):
                return False
        return True

    def _count_ready(self) -> int:
        return sum(map(self._is_ready, self._targets))

    def _waited_for(self) -> list[Target]:
        return [target for target in self._targets if not self._is_ready(target)]

    async def _settled(self, observer: Observer) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_steady(now := loop.time()):
            await self._give_up_on_failures(observer, now)
            await self._give_up_on_pods(observer, now)
            if self._deadline is not None and now >= self._deadline:
                if not self._waited_for():
                    return
                raise await self._late(observer)
            until = now + _TICK if self._deadline is None else min(now + _TICK, self._deadline)
            self._change.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._change.wait()

    async def _give_up_on_failures(self, observer: Observer, now: float) -> None:
        """Fail if a target has failed, or is stuck.

        A failure from before this step may have been mended since. A paused Deployment is still scaled: it is
        stuck only if it stays so.
        """
        for target in self._waited_for():
            status = self._status(target)
            if status.failed and status.failed != self._old_failures[target]:
                raise await self._explained(f"{target} failed: {status.message}", observer, target)
            refusal = observer.refused.get(target, "")
            stuck = status.stuck or refused_for_good(refusal)
            if not stuck:
                self._stuck_since.pop(target, None)
            elif now - self._stuck_since.setdefault(target, now) >= (
                _STEADY_AFTER if status.stuck else _REFUSED_AFTER
            ):
                more = "" if status.stuck or refused_for_good(status.message) else f": {refusal}"
                raise ActionError(f"{target} cannot become {target.done}: {status.message}{more}", stuck)

    async def _give_up_on_pods(self, observer: Observer, now: float) -> None:
        for pod in list(observer.pods.values()):
            pod.look_again(now)
            verdict = pod.patience.verdict(now)
            if verdict and isinstance(pod.target, Job) and verdict.container.reason == "CrashLoopBackOff":
                continue  # how often it may crash, the Job says itself
            if verdict and pod.target in self._waited_for() and (hint := await self._hint(pod, verdict)):
                cause = f"{pod.target} cannot become {pod.target.done}: {_state(pod, verdict)}"
                raise ActionError(cause, hint, await self._details(observer, pod, verdict))

    async def _hint(self, pod: PodTracker, verdict: Verdict) -> str:
        """Return what to do about a hopeless pod; empty if it is of an older template, and will be replaced.

        A StatefulSet does not replace such a pod: by its documentation it must be deleted by hand.
        """
        rollout = pod.target
        if not isinstance(rollout, Rollout) or await self._is_latest(pod, rollout):
            return verdict.hint or "see the pod's last events and lines"
        if rollout.kind == "statefulset":
            return f"the pod is of an older revision and is not replaced by itself: delete pod {pod.name}"
        return ""

    async def _is_latest(self, pod: PodTracker, rollout: Rollout) -> bool:
        found = next(iter(self._found[rollout].values()), None)
        owners = pod.item["metadata"].get("ownerReferences") or [{}]
        replica_set = None
        if rollout.kind == "deployment" and owners[0].get("kind") == "ReplicaSet":
            path = f"/apis/apps/v1/namespaces/{rollout.namespace}/replicasets/{owners[0]['name']}"
            with contextlib.suppress(ApiError, UnreachableError):
                replica_set = await self._api.find(path)
        return found is not None and is_latest(rollout, found, pod.item, replica_set)

    async def _late(self, observer: Observer) -> ActionError:
        missing = self._waited_for()
        states = "; ".join(f"{each}: {self._status(each).message}" for each in missing)
        done = missing[0].done if len({each.done for each in missing}) == 1 else "done"
        cause = f"time is up, and not {done}: {states}"
        absent = next((each for each in missing if not self._found[each]), None)
        if absent:
            where = f", and to namespace {absent.namespace}" if absent.is_namespaced else ""
            near = await self._near(absent)
            hint = f"did you mean {near}? else " * bool(near) + f"check that it is applied before{where}"
            if absent in self._seen:
                hint = "find out who deletes it, and have it applied after that"
            if isinstance(absent, Job):
                hint += "; one with ttlSecondsAfterFinished goes by itself: give it more time to be seen"
            return ActionError(cause, hint, tuple(observer.troubles))
        return await self._explained(cause, observer, missing[0])

    async def _near(self, absent: Target) -> str:
        """Return the name that is there and most like that of a target that is not; empty if none is."""
        name = "" if " " in absent.described else absent.described.partition("/")[2]
        with contextlib.suppress(ApiError, UnreachableError, TimeoutError):
            async with asyncio.timeout(_EXPLAINED_WITHIN):
                if name and (path := await absent.locate(self._discovery)):
                    listed = await self._api.get(path)
                    names = [each["metadata"]["name"] for each in listed.get("items") or ()]
                    return next(iter(difflib.get_close_matches(name, names, n=1)), "")
        return ""

    async def _explained(self, cause: str, observer: Observer, target: Target) -> ActionError:
        """Make an error that shows the pod of the target that is furthest from ready."""
        if selector := target.pods(list(self._found[target].values())):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EXPLAINED_WITHIN):
                    await observer.look(target, selector)
        pods = [pod for pod in observer.pods.values() if pod.target is target]
        if not pods and target in observer.last:
            pods = [observer.last[target]]
        unready = [pod for pod in pods if isinstance(target, Job) or not holds(pod.item, "Ready")]
        if not unready:
            has = "it has no pod: " if isinstance(target, Rollout | Job) else ""
            state = f"all of its pods are ready ({len(pods)}): " if pods else has
            where = f" -n {target.namespace}" if target.is_namespaced else ""
            hint = f"{state}`kubectl{where} describe {target.described}` says what it waits for"
            if isinstance(target, Gone) and not target.is_deleted:
                hint = "have a step before this one delete it: a wait deletes nothing"
            if not pods:  # they may be refused
                hint = hint_for("\n".join((cause, *observer.troubles)), "kubernetes") or hint
            return ActionError(cause, hint, tuple(observer.troubles))
        pod = max(unready, key=_trouble)
        found = containers(pod.item)
        if failed := next((c for c in found if _is_failing(c)), None):
            verdict = Verdict(failed, hint_for(failed.symptoms, "pod"))
            cause = f"{cause}; {_state(pod, verdict)}"
            hint = verdict.hint or hint_for("\n".join(pod.events), "pod")
            hint = hint or (_LONGER if failed.exit_code is None else _BY_ITSELF)
            return ActionError(cause, hint, await self._details(observer, pod, verdict))
        why, state = unschedulable(pod.item), describe(pod.item)
        last = next((c for c in reversed(found) if c.phase == "running"), found[-1] if found else None)
        hint = hint_for(f"Unschedulable: {why}" if why else "\n".join((state, *pod.events)), "pod") or _LONGER
        if last and hint == _LONGER and any(c.reason == "PodInitializing" for c in found):
            hint = f"the pod's other containers wait for `{last.name}`: see its last lines for what it lacks"
        if isinstance(target, Job):  # why it failed, it says itself
            hint = hint_for(cause, "kubernetes") or _still_runs(pod, last) or hint
        details = await self._details(observer, pod, Verdict(last, "") if last else None)
        probe = next((each for each in reversed(pod.events) if "probe failed" in each), "")
        state += f"; {probe.removeprefix('warning: ')}" if probe else ""
        return ActionError(f"{cause}; {pod.source}: {state}", hint, details)

    async def _details(self, observer: Observer, pod: PodTracker, verdict: Verdict | None) -> tuple[str, ...]:
        lines = list(pod.lines)
        if verdict:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EXPLAINED_WITHIN):
                    lines = await observer.last_lines(pod, verdict.container)
        return (*observer.troubles, *(f"event {e}" for e in pod.events), *(f"log   {line}" for line in lines))


def _identity(item: Object) -> str:
    """Return what tells an object from others of a list."""
    metadata = item["metadata"]
    return str(metadata.get("uid") or metadata["name"])


def _is_failing(container: Container) -> bool:
    """Return whether a container does not run as it should; not if it has yet to begin."""
    if container.phase == "running" or container.exit_code == 0:
        return False
    return container.exit_code is not None or container.reason not in _BEGINNING


_BEGINNING = {"", "ContainerCreating", "PodInitializing"}


def _still_runs(pod: PodTracker, last: Container | None) -> str:
    """Return what to do about a Job's pod of which a container runs on; empty if none does."""
    if last is None or last.phase != "running":
        return ""
    own = {each["name"] for each in pod.item["spec"]["containers"]}
    ended = any(each.name in own and each.reason == "Completed" for each in containers(pod.item))
    return f"`{last.name}` {_BESIDE}" if ended else _RUNS


def _trouble(pod: PodTracker) -> tuple[int, str]:
    """Return how troubled a pod is: by its restarts, then the latest."""
    restarts = max((each.restarts for each in containers(pod.item)), default=0)
    return restarts, str(pod.item["metadata"].get("creationTimestamp", ""))


_BY_ITSELF = "its program ended by itself: its last lines say why"
_RUNS = "its pod still runs: see its last lines; if it is only slow, give the step a longer timeout"
_BESIDE = "still runs beside what has completed: make it a sidecar among initContainers, or leave it out"
_LONGER = "see its readiness probe and last lines; if it is only slow, give the step a longer timeout"


def _state(pod: PodTracker, verdict: Verdict) -> str:
    message = " ".join(verdict.container.message.split())
    return f"{pod.source}: {verdict.container}" + (f": {message}" if message else "")
