"""The bundled Data Storage service: what it takes for an audit event, without a database."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.plan.bundled import manifests_folder

if TYPE_CHECKING:
    from types import ModuleType

EVENT = {
    "event_type": "workflow.started",
    "event_category": "workflow",
    "event_action": "start",
    "event_outcome": "success",
    "correlation_id": "c-1",
}


def load() -> ModuleType:
    """The service's own module; the service is no package of bringup's."""
    path = manifests_folder() / "shared" / "data-storage" / "datastorage" / "events.py"
    spec = importlib.util.spec_from_file_location("datastorage_events", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


events: Any = load()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_the_smallest_event_is_taken_and_completed() -> None:
    event = events.parse_event(EVENT)
    assert (event.event_type, event.event_outcome, event.correlation_id) == (
        "workflow.started",
        "success",
        "c-1",
    )
    assert event.event_timestamp.tzinfo is not None
    assert event.event_data == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_type": ""}, "event_type"),
        ({"event_outcome": "maybe"}, "event_outcome"),
        ({"correlation_id": None}, "correlation_id"),
        ({"duration_ms": -1}, "duration_ms"),
        ({"duration_ms": "12"}, "duration_ms"),
        ({"event_timestamp": "yesterday"}, "event_timestamp"),
        ({"event_data": []}, "event_data"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(events.InvalidInputError) as caught:
        events.parse_event(EVENT | change)
    assert field in {error.field for error in caught.value.errors}


@given(json_values | st.fixed_dictionaries(dict.fromkeys(EVENT, json_values)))
def test_any_json_is_taken_or_refused(payload: object) -> None:
    outcomes: list[str] = []
    with contextlib.suppress(events.InvalidInputError):
        outcomes.append(events.parse_event(payload).event_outcome)
    assert set(outcomes) <= set(events.OUTCOMES)


def test_a_batch_is_taken_whole_or_not_at_all() -> None:
    assert len(events.parse_batch([EVENT, EVENT])) == 2
    with pytest.raises(events.InvalidInputError) as caught:
        events.parse_batch([EVENT, EVENT | {"event_outcome": "maybe"}])
    assert any("1" in error.field for error in caught.value.errors)
    for wrong in ([], EVENT, [EVENT] * (events.MAX_BATCH + 1)):
        with pytest.raises(events.InvalidInputError):
            events.parse_batch(wrong)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"offset": "-1"}, {"colour": "red"}])
def test_a_query_that_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(events.InvalidInputError):
        events.parse_query(query)


def test_a_query_has_defaults() -> None:
    query = events.parse_query({"event_type": "workflow.started"})
    assert (query.event_type, query.limit, query.offset) == ("workflow.started", events.DEFAULT_LIMIT, 0)
