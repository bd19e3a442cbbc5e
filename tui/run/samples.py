"""The samples of a run's hosts, as many as fit."""

from __future__ import annotations

from dataclasses import replace

from tui.run.chunks import Chunks
from tui.run.events import Sampled, Usage

Samples = dict[str, Chunks[Sampled]]
"""The samples of each host in order of time, by its name in the plan."""

MOST = 3600
"""Samples of a host that are kept one by one; where there are more, each two are made one."""


def add_sample(samples: Samples, sample: Sampled) -> None:
    """Add a host's latest sample."""
    had = samples.get(sample.host, Chunks())
    if len(had) == MOST:
        items = tuple(had)
        had = Chunks(_joined(one, two) for one, two in zip(items[::2], items[1::2], strict=True))
    samples[sample.host] = had.appended(sample)


def _joined(one: Sampled, two: Sampled) -> Sampled:
    """Return one sample for two that follow each other."""
    seconds = one.seconds + two.seconds
    weight = one.seconds / seconds if seconds else 0.0

    def mean(a: Usage | None, b: Usage | None) -> Usage | None:
        if a is None or b is None:
            return a or b
        rates = (x * weight + y * (1 - weight) for x, y in zip(a, b, strict=True))
        return Usage(*rates)._replace(memory=max(a.memory, b.memory))

    return replace(
        two,
        seconds=seconds,
        load=max(one.load, two.load),
        machine=mean(one.machine, two.machine) or Usage(),
        nodes=mean(one.nodes, two.nodes),
        engine=mean(one.engine, two.engine),
        programs=mean(one.programs, two.programs),
        own=mean(one.own, two.own),
    )
