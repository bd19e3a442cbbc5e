"""A first plan as its user gets it: YAML with comments that say what there is and how to go on."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tui.plan.steps.cluster import LONGEST_OF_K3D
from tui.starter.names import listed, quoted, slug, unique
from tui.starter.steps import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.starter.draft import Deployment, Draft
    from tui.starter.images import Build
    from tui.starter.steps import Step

_WIDTH = 100
_MOST_LEFT = 20
_HEAD = """\
# What `bringup up` brings up. Written by `bringup init`; it is yours to change.
#   bringup up --env rehearsal   shows how it will go, and touches nothing
#   bringup up                   brings it up; `bringup down` takes it away again
#   bringup plan lint            says what is questionable about it
#   bringup plan steps [KIND]    says what steps there are, and what one can do
"""
_GO_ON = """\
  # How to go on: remove the `# ` of what you want, and name your own directories.
  # - id: deploy
  #   tasks:
  #     - id: app
  #       needs: [cluster]
  #       steps:
  #         - {{kind: image.build, tag: "{name}/app:dev", context: ., timeout: 10m}}
  #         - {{kind: image.deliver, images: "{name}/app:dev"}}
  #         - {{kind: kubernetes.apply, manifests: deploy/, namespace: {name}, timeout: 2m}}
  #         - {{kind: kubernetes.wait, rollouts: deployment/app, namespace: {name}, timeout: 5m}}
  #     - id: chart
  #       needs: [cluster]
  #       steps:
  #         - {{kind: helm.install, release: web, namespace: {name}, chart: charts/web, timeout: 5m}}
"""


def write(draft: Draft) -> str:
    """Return the text of a plan."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield (
        _HEAD
        + f"""\
apiVersion: bringup/v1
name: {quoted(draft.name)}"""
    )
    database = draft.database
    if draft.migrations is not None and database is not None:
        yield f"\nvariables:\n  password: {quoted(database.password)}\nsecrets: [password]"
    by_k3d = draft.provider == "k3d"
    name = draft.name[:LONGEST_OF_K3D].rstrip("-") if by_k3d else draft.name
    yield f"\ncluster:\n  name: {quoted(name)}"
    if by_k3d:
        yield "  provider: k3d"
    yield f"  kubeconfig: {quoted(f'~/.kube/{draft.name}-config')}"
    yield "\nphases:\n  - id: create\n    tasks:"
    taken = {"cluster"}
    yield from _cluster(draft)
    images = [_build(draft, build, taken) for build in draft.builds]
    for _, lines in images:
        yield ""
        yield from lines
    ids = [id_ for id_, _ in images]
    if draft.pulls:
        ids.append(unique("pull-images", taken))
        yield from _pull(draft, ids[-1])
    yield from _deploy(draft, ids, taken)
    yield "\n# What `bringup down` does.\ndown:\n  - {kind: cluster.delete}"
    yield from _further(draft)


def _cluster(draft: Draft) -> Iterator[str]:
    config: Step = {"config": quoted(draft.at(draft.config))} if draft.config is not None else {}
    yield "      - id: cluster\n        steps:"
    yield from lines_of({"kind": "cluster.create", **config, "timeout": "5m"})
    if not draft.deployments:
        yield from lines_of({"kind": "kubernetes.namespace", "names": quoted(draft.name)})


def _build(draft: Draft, build: Build, taken: set[str]) -> tuple[str, list[str]]:
    id_ = unique(slug(f"image-{build.name}"), taken)
    lines = [f"      - id: {id_}"]
    if not build.is_sure:
        lines += _comment("Not all that it copies is in this context: is it another, or made by a build?", 8)
    lines.append("        steps:")
    step: Step = {"kind": "image.build", "tag": quoted(build.tag), "context": quoted(draft.at(build.context))}
    if build.dockerfile != f"{build.context}/Dockerfile".lstrip("/"):
        step["dockerfile"] = quoted(draft.at(build.dockerfile))
    return id_, [*lines, *lines_of(step | {"timeout": "15m"})]


def _pull(draft: Draft, id_: str) -> Iterator[str]:
    yield f"\n      - id: {id_}  # other people's images, once for all clusters"
    yield "        retry: {signatures: [rate-limit, dns, connection]}\n        steps:"
    yield from lines_of({"kind": "image.pull", "images": [*map(quoted, draft.pulls)], "timeout": "10m"})


def _deploy(draft: Draft, ids: list[str], taken: set[str]) -> Iterator[str]:
    images = [*(build.tag for build in draft.builds), *draft.pulls]
    if not images and not draft.deployments:
        yield _GO_ON.format(name=draft.name).rstrip()
        return
    yield "\n  - id: deploy\n    tasks:"
    before = "cluster"
    if images:
        before = unique("load", taken)
        yield f"      - id: {before}\n        needs: {listed(['cluster', *ids])}"
        yield "        steps:"
        yield from lines_of({"kind": "image.deliver", "images": [*map(quoted, images)], "timeout": "5m"})
    done = [unique(each.id, taken) for each in draft.deployments]
    for id_, deployment in zip(done, draft.deployments, strict=True):
        yield from _deployment(deployment, id_, before)
    if not draft.deployments:
        yield from _comment("Nothing deploys these yet: see `bringup plan steps kubernetes.apply`.", 6)
    if draft.migrations is not None:
        yield from _migrate(draft, done or [before], unique("migrations", taken))


def _deployment(deployment: Deployment, id_: str, before: str) -> Iterator[str]:
    yield f"\n      - id: {id_}\n        needs: [{before}]"
    for remark in deployment.remarks:
        yield from _comment(remark, 8)
    yield "        steps:"
    for step in deployment.steps:
        yield from lines_of(step)


def _migrate(draft: Draft, needs: list[str], id_: str) -> Iterator[str]:
    assert draft.migrations is not None
    database = draft.database
    where = "service: postgresql, user: app, database: app"
    if database is not None:
        where = f"service: {quoted(database.service)}, namespace: {quoted(database.namespace)}, "
        where += f"user: {quoted(database.user)}, database: {quoted(database.database)}"
    yield ""
    lines = [
        f"      - id: {id_}",
        f"        needs: [{', '.join(needs)}]",
        "        steps:",
        "          - kind: postgres.migrate",
        f'            connection: {{{where}, password: "${{password}}"}}',
        f"            migrations: {quoted(draft.at(draft.migrations))}",
        "            timeout: 5m",
    ]
    if database is not None:
        yield from lines
        return
    yield from _comment(
        "Once a database is deployed, with `variables: {password: …}` and `secrets: [password]`:", 6
    )
    yield from (f"      # {line[6:]}" for line in lines)


def _further(draft: Draft) -> Iterator[str]:
    if draft.tests:
        yield "\n# Tests with this environment's KUBECONFIG:"
        yield from (f"#   bringup run -- make {target}" for target in draft.tests[:3])
    if draft.tools:
        yield ""
        yield from _comment(f"{', '.join(draft.tools)}: may name more of what belongs into this plan.", 0)
    if draft.left:
        yield "\n# Found and left out:"
        lines = draft.left_out()
        for line in lines[:_MOST_LEFT]:
            yield from _comment(f"  {line}", 0)
        if len(lines) > _MOST_LEFT:
            yield f"#   and {len(lines) - _MOST_LEFT:,} more"


def _comment(text: str, indent: int) -> list[str]:
    lead = " " * indent + "# "
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=lead + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
