"""The step `kubernetes.probe`.

A webhook can refuse although its Deployment is Available: its service has no endpoints yet, or its
certificate is not yet known to the API server (tektoncd/pipeline#2207).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.actions.kubernetes.admission import why_not_judged
from tui.actions.kubernetes.server_side import prepared
from tui.actions.kubernetes.webhooks import denied_by, judge, unanswered, without_dry_run
from tui.clients.kubernetes.api import ApiError, UnreachableError
from tui.clients.kubernetes.discovery import Discovery, UnknownKindError
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.reporter import Done, deadline_of

if TYPE_CHECKING:
    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api
    from tui.clients.kubernetes.discovery import Resource
    from tui.plan.steps import KubernetesProbe

KIND_WITHIN = 30.0
"""Seconds within which the API server must know the object's kind."""


async def probe(step: KubernetesProbe, ctx: Context) -> Done:
    """Dry-run an object on the server until the webhooks that judge it answer, for or against it.

    Returns:
        Unchanged if they answered at once.

    Raises:
        ActionError: They did not answer in time, or the object is refused for what no webhook said.
    """
    missing = [key for key in ("apiVersion", "kind", "metadata") if not step.manifest.get(key)]
    if missing:
        raise ActionError(f"the object to probe with has no {missing[0]}", "write it as it would be applied")
    if not isinstance(step.manifest["metadata"], dict):
        raise ActionError("the metadata of the object to probe with is no mapping", "name the object in it")
    loop = asyncio.get_running_loop()
    begin = loop.time()
    end = deadline_of(ctx, step.default_timeout)
    async with connect(ctx) as api:
        with ctx.span("ready", f"webhooks of {step.manifest['kind']}"):
            resource = await _resource(api, step, min(end, begin + KIND_WITHIN), ctx)
            count = await _Probe(api, step, resource, ctx).run(end)
    if count == 1:
        return Done("answered at once", changed=False)
    return Done(f"answered after {loop.time() - begin:.1f} s")


async def _resource(api: Api, step: KubernetesProbe, end: float, ctx: Context) -> Resource:
    """Return the object's resource; wait for it if its CRD has only just been applied."""
    discovery = Discovery(api)
    logged = False
    while True:
        try:
            return await discovery.resource(step.manifest["apiVersion"], step.manifest["kind"])
        except (UnknownKindError, UnreachableError) as error:
            if (left := end - asyncio.get_running_loop().time()) <= 0:
                raise
            if not logged:
                ctx.log(f"{error.cause}; waiting for it")
            logged = True
            await asyncio.sleep(min(step.interval, left))


class _Probe:
    """One run of the step."""

    def __init__(self, api: Api, step: KubernetesProbe, resource: Resource, ctx: Context) -> None:
        self._api = api
        self._step = step
        self._resource = resource
        self._ctx = ctx
        self._subject = str(step.manifest["kind"])
        self._why = ""
        self._is_new = False  # whether the configuration of the webhooks has just come to be complete
        self._is_judge_known = True

    async def run(self, end: float) -> int:
        """Dry-run until there is an answer.

        Returns:
            The number of dry runs.
        """
        count = 1
        while not await self._try():
            if (left := end - asyncio.get_running_loop().time()) <= 0:
                raise ActionError(
                    f"{self._subject}: the webhooks that judge it did not answer in time: {self._why}",
                    "see whether the webhook's pods run, what they log, and whether its configuration fits",
                )
            count += 1
            await asyncio.sleep(min(self._step.interval, left))
        return count

    async def _try(self) -> bool:
        try:
            return await self._answers()
        except UnreachableError as error:
            self._emit(error.cause)
            return False

    async def _answers(self) -> bool:
        """Return whether webhooks have judged the object: denied it, or let it pass when they were asked."""
        why = await self._why_not_judged()
        try:
            await self._dry_run()
        except ApiError as error:
            verdict = judge(error)
            if verdict == "refused":
                raise self._refused(error) from error
            if verdict == "waiting":
                self._emit(unanswered(error.message) or error.cause)
                return False
            self._ctx.log(f"webhook {denied_by(error.message)} answers: {error.message}")
            return True
        if why:
            self._emit(why)
            self._is_new = True
            return False
        # API servers learn of a new configuration a moment after it can be read.
        is_new, self._is_new = self._is_new, False
        return not is_new

    async def _why_not_judged(self) -> str:
        if not self._is_judge_known:
            return ""
        try:
            return await why_not_judged(self._api, self._resource)
        except ApiError as error:
            if error.status not in {403, 404}:
                return error.cause
            self._is_judge_known = False
            self._ctx.warn(f"cannot see which webhooks judge a {self._subject}: {error.message}")
            return ""

    async def _dry_run(self) -> None:
        body = prepared(self._step.manifest, self._resource, "default")
        namespace = body["metadata"].get("namespace", "")
        if name := body["metadata"].get("name"):
            await self._api.apply(self._resource.item(namespace, name), body, dryRun="All")
        else:
            path = self._resource.collection(namespace)
            await self._api.request("POST", path, query={"dryRun": "All"}, body=body)

    def _emit(self, why: str) -> None:
        if why != self._why:
            self._ctx.log(f"not yet: {why}")
        self._why = why

    def _refused(self, error: ApiError) -> ActionError:
        if name := without_dry_run(error.message):
            return ActionError(
                f"webhook {name} is not asked in dry runs, so that it cannot be probed",
                "its configuration must declare sideEffects None; else wait for its Deployment alone",
            )
        hint = error.hint or "correct the object: no webhook refused it, but the API server itself"
        return ActionError(
            f"{self._subject}: the probe was refused (status {error.status}): {error.message}",
            hint,
        )
