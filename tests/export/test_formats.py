"""What single formats say, read by what they are made for."""

from __future__ import annotations

import base64
import csv
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import bringup
from tests.export.making import begun, came_up, exported, failed, task
from tui.export import find_export
from tui.export.chrome_trace import stacked
from tui.export.exported_run import ExportedRun
from tui.export.log_excerpt import excerpt, rooms
from tui.run.log.line import head
from tui.run.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.run import events as e


def reader(name: str) -> Any:
    """The module that reads a format, where it is installed."""
    return pytest.importorskip(name)


def made(name: str, events: list[e.Event], **options: int | str) -> str:
    return find_export(name).of(exported(events), **options).decode()


def test_junit_counts_what_failed_and_what_was_skipped() -> None:
    junit = reader("junitparser")
    report = junit.JUnitXml.fromstring(made("junit", failed()).encode())
    counted = (report.tests, report.failures, report.skipped, report.errors)
    report.update_statistics()
    assert counted == (report.tests, report.failures, report.skipped, report.errors)
    assert (report.tests, report.failures, report.skipped, report.errors) == (3, 1, 1, 0)
    cases = {case.name: case for suite in report for case in suite}
    assert cases["a"].time == pytest.approx(10)
    [failure] = cases["b"].result
    assert isinstance(failure, junit.Failure)
    assert failure.message == "it broke"
    assert "hint: mend it" in str(failure.text)
    [skipped] = cases["c"].result
    assert isinstance(skipped, junit.Skipped)
    assert skipped.message == "it needs b, which did not succeed"


def test_junit_calls_what_was_cut_off_an_error() -> None:
    junit = reader("junitparser")
    report = junit.JUnitXml.fromstring(made("junit", came_up()[:-3]).encode())
    [case] = [case for suite in report for case in suite if case.name == "c"]
    assert isinstance(case.result[0], junit.Error)


def test_a_trace_nests_and_has_arrows_for_needs() -> None:
    events = json.loads(made("trace", came_up()))["traceEvents"]
    names = {each["tid"]: each["args"]["name"] for each in events if each["name"] == "thread_name"}
    assert list(names.values()) == ["a", "a · 2", "b", "b · 2", "c", "c · 2"]
    by_name: dict[str, list[str]] = {names[each["tid"]]: [] for each in events if each["ph"] == "X"}
    for each in (each for each in events if each["ph"] == "X"):
        by_name[names[each["tid"]]].append(each["name"])
    assert by_name["b"] == ["b", "run true", "pull postgres:15"]
    assert by_name["b · 2"] == ["start pod/x"]
    arrows = [
        (each["ph"], names[each["tid"]], each["ts"], each["id"]) for each in events if each["ph"] in "sf"
    ]
    assert arrows == [
        ("s", "a", 9_999_999, 1), ("f", "c", 20_000_000, 1),
        ("s", "b", 19_999_999, 2), ("f", "c", 20_000_000, 2),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=15))
def test_on_a_track_slices_never_cross(times: list[tuple[int, int]]) -> None:
    intervals = [(min(pair), max(pair)) for pair in times]
    tracks = stacked(intervals)
    assert sorted(each for track in tracks for each in track) == sorted(intervals)
    for track in tracks:
        for one, other in pairwise(track):
            assert one[0] <= other[0]
        for i, one in enumerate(track):
            for other in track[i + 1 :]:
                assert other[0] >= one[1] or other[1] <= one[1]


def test_a_table_has_a_row_for_each_part() -> None:
    rows = list(csv.DictReader(io.StringIO(made("csv", failed()))))
    levels = [row["level"] for row in rows if row["task"] == "b"]
    assert levels == ["task", "attempt", "step", "span", "span"]
    assert [(row["task"], row["outcome"]) for row in rows if row["level"] == "task"] == [
        ("a", "succeeded"), ("b", "failed"), ("c", "skipped"),
    ]  # fmt: skip


def test_markdown_tells_the_path_the_changes_and_the_failure() -> None:
    shown = find_export("md").of(exported(came_up(), good=True)).decode()
    assert "**Critical path** ◆ b (20.0s) → c (10.0s)" in shown
    assert "| b | 10.0s | 20.0s | +10.0s |" in shown
    broken = made("md", failed())
    assert "**✗ b** failed in step 1, run true, at 0:20: it broke" in broken
    assert "💡 mend it" in broken


def test_only_the_longest_tasks_are_drawn_where_there_are_too_many() -> None:
    for name in ("md", "mermaid", "svg"):
        shown = made(name, came_up(), rows=1)
        assert "1 longest of 3 tasks" in shown
        assert shown.count("10.0s") <= (3 if name == "md" else 0)


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """A server on the loopback that takes OTLP over HTTP as the protocol has it, and what it got."""
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            right = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
            if right:
                got.append((decoded(body), self.headers.get("Authorization")))
            self.send_response(200 if right else 404)
            self.end_headers()
            self.wfile.write(b"{}" if right else b"no such path")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def decoded(body: bytes) -> Any:
    """What a receiver reads: the protocol's messages, in whose JSON ids are hexadecimal."""
    service = reader("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    message = json.loads(body)
    for of_resource in message["resourceSpans"]:
        for of_scope in of_resource["scopeSpans"]:
            for span in of_scope["spans"]:
                for named in (span, *span.get("links", ())):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in named:
                            named[name] = base64.b64encode(bytes.fromhex(named[name])).decode()
    return reader("google.protobuf.json_format").ParseDict(message, service.ExportTraceServiceRequest())


def test_a_collector_gets_the_trace(
    collector: tuple[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, got = collector
    exported(failed(), tmp_path / "run")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    done = bringup(tmp_path, "export", "run/", "--to", address)
    assert (done.returncode, done.stderr) == (0, f"sent to {address}/v1/traces\n")
    [(trace, login)] = got
    assert login == "Bearer abc"
    [spans] = [of_scope.spans for resource in trace.resource_spans for of_scope in resource.scope_spans]
    root, *others = spans
    assert (root.name, root.kind) == ("RUN test", root.SPAN_KIND_SERVER)
    assert attributes(root)["cicd.pipeline.result"] == "failure"
    assert attributes(root)["error.type"] == "run true"
    assert {len(span.trace_id) for span in spans} == {16}
    ids = {span.span_id for span in spans}
    assert len(ids) == len(spans)
    assert all(span.parent_span_id in ids for span in others)
    broken = next(span for span in others if span.name == "b")
    assert attributes(broken)["cicd.pipeline.task.run.result"] == "failure"
    assert (broken.status.code, broken.status.message) == (broken.status.STATUS_CODE_ERROR, "it broke")
    assert broken.end_time_unix_nano - broken.start_time_unix_nano == 20_000_000_000
    by_id = {span.span_id: span for span in spans}
    for span in others:
        parent = by_id[span.parent_span_id]
        assert parent.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= parent.end_time_unix_nano


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_a_collector_that_refuses_is_told_of(collector: tuple[str, list[Any]], tmp_path: Path) -> None:
    address, got = collector
    exported(came_up(), tmp_path / "run")
    done = bringup(tmp_path, "export", "run/", "--to", f"{address}/elsewhere")
    assert done.returncode == 2
    assert "answered 404" in done.stderr
    assert "no such path" in done.stderr
    assert got == []


def test_needs_are_links() -> None:
    run = exported(came_up())
    trace = decoded(find_export("otlp").of(run))
    spans = {span.name: span for span in trace.resource_spans[0].scope_spans[0].spans}
    assert [link.span_id for link in spans["c"].links] == [spans["a"].span_id, spans["b"].span_id]


def written(path: Path, count: int) -> bytes:
    lines = [head(i / 10, 1, 0, "") + f"line {i}" for i in range(count)]
    path.write_text("\n".join(lines) + "\n")
    return path.read_bytes()


@given(st.integers(1, 60), st.integers(0, 4000))
def test_of_a_log_whole_lines_are_shown_and_all_bytes_are_counted(
    tmp_path_factory: pytest.TempPathFactory, count: int, room: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "a.log"
    data = written(path, count)
    found = excerpt(path, room)
    shown = [line.text for line in [*found.begin, *found.end]]
    length = len(data) // count
    assert sum(len(head(line.at, 1, 0, "")) + len(line.text) + 1 for line in [*found.begin, *found.end]) == (
        len(data) - found.left_out
    )
    assert [line.text for line in found.begin] == [f"line {i}" for i in range(len(found.begin))]
    assert [line.text for line in found.end] == [f"line {i}" for i in range(count - len(found.end), count)]
    assert len(data) - found.left_out <= max(room, 0) or not found.left_out
    assert len(shown) * length <= len(data) + length


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 1000), max_size=8), st.integers(0, 3000))
def test_logs_share_the_room(sizes: dict[str, int], room: int) -> None:
    found = rooms(sizes, room)
    assert found.keys() == sizes.keys()
    assert sum(found.values()) <= room or not sizes
    assert all(found[name] <= size for name, size in sizes.items())
    if sum(sizes.values()) <= room:
        assert found == sizes


def test_a_page_shows_logs_and_says_what_is_left_out(tmp_path: Path) -> None:
    exported(came_up(), tmp_path / "run")
    written(tmp_path / "run" / "logs" / "a.log", 20_000)
    run = ExportedRun(fold(came_up()), tmp_path / "run")
    page = find_export("html").of(run, log_kilobytes=50).decode()
    assert "line 0<" in page
    assert "line 19999<" in page
    assert "line 10000<" not in page
    assert "which the run's own log has: logs/a.log" in page
    assert len(page) < 250_000


def test_a_run_that_goes_on_is_exported_as_it_stands() -> None:
    state = fold([begun(), *list(task("a", 0, 10))[:3]])
    for name in ("html", "md", "svg"):
        shown = find_export(name).of(ExportedRun(state, running=True)).decode()
        assert "still goes on" in shown
