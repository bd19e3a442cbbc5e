"""What the webhook lets through: pure functions from an admission review to its answer."""

from __future__ import annotations

from typing import Any


def review(request: dict[str, Any]) -> dict[str, Any]:
    """Answer an AdmissionReview.

    Args:
        request: The review's `request`.

    Returns:
        The whole review to send back, with an HTTP 400 status inside where the object is refused.
    """
    problem = find_problem(request.get("kind", {}).get("kind", ""), request.get("object") or {})
    response: dict[str, Any] = {"uid": request["uid"], "allowed": problem is None}
    if problem is not None:
        message = f"validation failed: {problem}"
        response["status"] = {"code": 400, "reason": "BadRequest", "message": message}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def find_problem(kind: str, resource: dict[str, Any]) -> str | None:
    """Return what is wrong with a resource, or None for a valid one, or one of another kind."""
    spec = resource.get("spec")
    if not isinstance(spec, dict):
        return "missing field(s): spec"
    if kind == "Task":
        return _task_problem(spec, "spec")
    if kind == "Pipeline":
        return _pipeline_problem(spec, "spec")
    if kind == "TaskRun":
        return _run_problem(spec, "taskRef", "taskSpec")
    if kind == "PipelineRun":
        return _run_problem(spec, "pipelineRef", "pipelineSpec")
    return None


def _task_problem(spec: dict[str, Any], path: str) -> str | None:
    steps = spec.get("steps")
    if not isinstance(steps, list) or not steps:
        return f"missing field(s): {path}.steps"
    for number, step in enumerate(steps):
        if not isinstance(step, dict) or not (step.get("image") or step.get("ref")):
            return f"missing field(s): {path}.steps[{number}].image"
    return None


def _pipeline_problem(spec: dict[str, Any], path: str) -> str | None:
    tasks = spec.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        return f"missing field(s): {path}.tasks"
    for number, task in enumerate(tasks):
        where = f"{path}.tasks[{number}]"
        if not isinstance(task, dict) or not (task.get("taskRef") or task.get("taskSpec")):
            return f"expected exactly one, got neither: {where}.taskRef, {where}.taskSpec"
    return None


def _run_problem(spec: dict[str, Any], reference: str, inline: str) -> str | None:
    if bool(spec.get(reference)) == bool(spec.get(inline)):
        got = "both" if spec.get(reference) else "neither"
        return f"expected exactly one, got {got}: spec.{reference}, spec.{inline}"
    if reference == "taskRef" and isinstance(spec.get(inline), dict):
        return _task_problem(spec[inline], f"spec.{inline}")
    if reference == "pipelineRef" and isinstance(spec.get(inline), dict):
        return _pipeline_problem(spec[inline], f"spec.{inline}")
    return None
