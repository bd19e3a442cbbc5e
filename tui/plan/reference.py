"""The reference of plans as Markdown; see `tui.plan.parts`."""

from __future__ import annotations

from tui.plan.key_table import listed, table
from tui.plan.parts import SHARED, describe_kind, plan_keys, plan_parts
from tui.plan.steps import STEPS, kinds_of

EXAMPLE = """\
# yaml-language-server: $schema=plan.schema.json
apiVersion: bringup/v1
name: shop

variables:
  tag: dev
  password: change-me
secrets: [password]

cluster:
  name: shop
  kubeconfig: ~/.kube/shop-config

endpoints:
  - {name: Shop, url: "http://127.0.0.1:8080"}

phases:
  - id: create
    tasks:
      - id: cluster
        timeout: 10m
        steps:
          - {kind: cluster.create}
      - id: image
        retry: {signatures: [rate-limit, dns]}
        steps:
          - {kind: image.pull, images: "redis:7"}
  - id: deploy
    tasks:
      - id: redis
        needs: [cluster, image]
        steps:
          - {kind: image.deliver, images: "redis:7"}
          - {kind: command, shell: "kubectl create deployment redis --image redis:7"}
          - {kind: kubernetes.wait, rollouts: deployment/redis, timeout: 5m}

down:
  - {kind: cluster.delete}
"""
"""A whole plan that needs no further file."""

_HEAD = f"""\
<!-- Made by `bringup plan reference > manifests/README.md`: change the models in tui/plan instead. -->
# Plans

A plan says what `bringup up` brings up: phases of tasks of steps. Each directory here is a plan that
travels with bringup, with the files that it applies and builds; `bringup up NAME` brings one up. What
several of them include is in `shared`. A plan of your own is a file `bringup.yaml`, or any other that is
named: `bringup up path/to/plan.yaml`.

```yaml
{EXAMPLE}```

- `bringup init` writes a first plan, made of what a directory holds; `bringup plan steps KIND` prints what
  stands below of a kind of step.
- `bringup plan show` shows a plan as a tree, and `bringup plan lint` what is questionable about it.
  `bringup up --env rehearsal` shows how it will go, without touching anything: with the times and logs of
  earlier runs where there are any, else with times assumed by kind of step. `--recording RUN` shows that
  run again. Neither needs the files that the plan names; both say which are missing.
- `bringup run -- make test-e2e` runs a program with KUBECONFIG and the plan's `environment`, and
  `eval "$(bringup env)"` sets them in a shell.
- A test of pytest that takes the fixture `bringup` has the environment, brought up once for all tests and
  workers, with the same variables set, and taken down at the end: `pytest --bringup-plan PLAN`.
  `--bringup-adopt` uses what is up already, and `--bringup-keep` leaves it up.
- `bringup plan schema > plan.schema.json` writes the JSON Schema; with the example's first line, editors
  complete keys and show their descriptions.
- Paths are relative to the plan's directory; `~` is the user's home directory.
- A duration is a number of seconds, or `500ms`, `90s`, `5m`, `1h30m`. A list of one item may be written
  as the item.
- A task's `retry.signatures` names the failures after which it is attempted again; `bringup plan failures`
  lists the known ones.

## Variables

`${{name}}` stands for the value of a variable, `${{group.name}}` for one of a group, and `$${{` for a
plain `${{`. A value that is one whole reference keeps its type, so that a list stays a list.
`${{folder}}` always exists: it is the directory of the file in which it is written. Environment variables
are not read.

References are filled in everywhere in the plan, in the configuration of the cluster, and in the manifests
of steps with `substitute: true`. Values are taken from `variables`, over them from each file of `--values`,
over them from each `--set group.name=value`. What is named in `secrets`, has a key such as `password` or
`token`, or looks random is never shown.

## What makes the cluster

`provider` of `cluster` says which program makes it, kind or k3d. `cluster.create`, `cluster.delete`,
`cluster.stop` and `cluster.logs` are for both; `kind.create` and the like are names of them for kind alone.
`config` of `cluster.create` is what the program itself takes: it is checked when the plan is read, and its
ports before anything is made. What is for k3d was written after k3d's documentation, not yet run against it.

```yaml
cluster: {{name: shop, provider: k3d, kubeconfig: ~/.kube/shop}}
phases:
  - id: create
    tasks:
      - id: cluster
        steps:
          - kind: cluster.create
            image: rancher/k3s:v1.31.5-k3s1
            config:
              apiVersion: k3d.io/v1alpha5
              kind: Simple
              agents: 1
              ports: [{{port: "8080:80", nodeFilters: [loadbalancer]}}]
            timeout: 5m
          - {{kind: image.deliver, images: "shop/web:dev"}}
down: [{{kind: cluster.delete}}]
```

Images go straight into the nodes of both, as soon as these take them. A cluster of kind that has several
nodes cannot be stopped; one of k3d can, and k3d starts it again. Where k3s does not start, the error shows
what its nodes printed last.

## A cluster that stands

`cluster: {{context: NAME}}` brings a plan up in a cluster that is there, by a context of the user's own
kubeconfig as kubectl reads it: all files of `KUBECONFIG`, logins by certificate, token or program. Over SSH
it is that of the user there. Commands get a kubeconfig of that context alone. So that a plan does not meet
production by accident, contexts are refused that are not known to be local by name and address, such as
`kind-…`, `k3d-…`, `minikube`, `docker-desktop` or `colima`, until one is allowed once:
`bringup up --allow-context NAME`. `bringup contexts` lists those that were, `bringup contexts --forget NAME`
forgets one. Objects that name no namespace go to that of the step, else to `default`: a warning says so
where the context has another one, which kubectl would take.

Objects that are made there get the label `bringup/owner`. `bringup down` deletes what carries it, custom
resources first and namespaces late, and nothing that was there before. What helm has installed, a
`helm.uninstall` of `down` removes. `cluster.create` takes the cluster as it is, so that a plan with both
`context: ${{context}}` and `name` is brought up in a cluster of its own where that variable is empty.

## Several users of one cluster

Who shares a cluster with others has namespaces of his own by a prefix:

```yaml
variables: {{user: ann}}
cluster:
  context: team
  namespaces: {{prefix: "${{user}}-", shared: [cert-manager]}}
```

All namespaces that the plan names then begin with `ann-`, but for `default`, those of Kubernetes itself and
those that are `shared`: in fields of steps, also `namespace/NAME`, and of `forwards`; in objects, whatever
they come from, their own namespace, Namespaces, service accounts and services that bindings and webhooks
refer to, DNS names such as `web.shop.svc`, `system:serviceaccount:shop:web`, and the label
`kubernetes.io/metadata.name`. Nothing else is changed, as it may mean anything: other fields of custom
resources, hosts such as `web.shop`, what is in base64, values of charts, commands. There write
`${{user}}-shop`; a name that begins with the prefix stays. `bringup plan lint` says where a namespace is
named without its prefix, and what is in none of them, such as ClusterRoles and CRDs, so that whoever
applies it last decides about it for all, and whoever made it takes it away. `bringup up --set user=bob`
brings up another environment beside the first, and each `down` deletes its own.

## Several clusters

`clusters` in place of `cluster` names several, each by a name of the plan's own:

```yaml
clusters:
  manager: {{name: fleet-manager, kubeconfig: ~/.kube/fleet-manager}}
  worker: {{name: fleet-worker, kubeconfig: ~/.kube/fleet-worker}}
phases:
  - id: create
    tasks:
      - {{id: manager, steps: [{{kind: cluster.create}}]}}
      - {{id: worker, cluster: worker, steps: [{{kind: cluster.create}}]}}
  - id: connect
    tasks:
      - id: connect
        needs: [manager, worker]
        steps:
          - {{kind: command, shell: "kubectl --context kind-fleet-worker get nodes"}}
          - {{kind: kubernetes.wait, nodes: all, cluster: worker, timeout: 2m}}
down:
  - {{kind: cluster.delete, cluster: worker}}
  - {{kind: cluster.delete}}
```

A step is for the cluster that its `cluster` says, else that of its task, else that of the `include` by which
it comes, else the first. So are the steps of `down` and `failed`, and `forwards`. Each cluster is on the host
on which its `cluster.create` runs; some may stand. Names and contexts differ; a kubeconfig may be shared.

Commands get a KUBECONFIG with all of them: programs use the step's own unless `--context` says another. So do
`bringup env` and `bringup run`, with the first cluster or that of `--cluster NAME`. Images get to the cluster
of the step that delivers them alone. `down` deletes those clusters that its steps name, `down --stop` stops
all that the plan makes, and two plans that share one cluster do not run at once.

## Images and registries

`image.deliver`, which is `kind.load` too, gets images to the plan's cluster by what that is. Where it has a
registry, they are pushed there, and objects that `kubernetes.apply` applies name them there, by their IDs:
`registry: HOST[:PORT][/PATH]` of the cluster says which, or the cluster itself by its ConfigMap
`local-registry-hosting`, as kind, k3d and ctlptl document it. `registry: {{port: 5001}}` makes one beside a
cluster that is made, which its nodes pull from and which goes with it. Without a registry, images go into the
nodes of kind and k3d, and nothing is done where the node runs what the container engine has, as with Docker
Desktop or Colima. Charts and commands name images as they are in the registry, such as
`localhost:5001/shop/web:dev`.

## Choice and repetition

`when: ${{flag}}` on a task or a step says whether it is wanted, `when: not ${{flag}}` the contrary. A task
that is not wanted is shown as such, does nothing, and counts as done for what needs it.

`each: ${{operators}}` on a task makes a task for each item of that list: in it `${{each}}` is the item, and
`${{each.name}}` a value of an item that is a mapping, also in files that are filled in. Others need one of
these tasks by its id, or all of them by `load-*` where the id is written `load-${{each.name}}`.

Keys of the plan that begin with `x-` are left out of account: they are for YAML's anchors.

```yaml
variables:
  fips: false
  operators: [{{name: kafka, image: "kafka:dev"}}, {{name: flux, image: "flux:dev"}}]
x-retried: &retried
  retry: {{signatures: [dns, rate-limit]}}
phases:
  - id: load
    tasks:
      - id: load-${{each.name}}
        <<: *retried
        each: ${{operators}}
        steps:
          - {{kind: image.pull, images: "${{each.image}}"}}
          - {{kind: image.deliver, images: "${{each.image}}"}}
      - id: check
        needs: [load-*]
        when: not ${{fips}}
        steps: [{{kind: command, shell: make check}}]
```

## Outputs

What a command prints is there for later steps if it has an `output`:

```yaml
phases:
  - id: images
    tasks:
      - id: build
        steps:
          - {{kind: command, shell: make image}}
          - {{kind: command, argv: [make, -s, print-image], output: image}}
      - id: load
        needs: build
        steps:
          - {{kind: image.deliver, images: "${{output.image}}"}}
          - {{kind: kubernetes.apply, manifests: server.yaml.in, substitute: true}}
```

`${{output.image}}` may stand in later steps of the task and in tasks that need it, directly or not, except in
`when`; also in the files that they fill in. It is what went to standard output, without the ends of its last
lines; errors are only logged. An empty output fails the step, and so does one of more than 64 KiB.

`--resume` takes over the outputs of tasks that are done. One that is `secret: true`, is called like a secret
or holds one is never shown nor kept: where it is needed, its task runs again. A rehearsal runs no commands,
and shows the names of outputs. The output `image` of a plan included as `ds` is `${{output.ds.image}}`.

## Forwards

`forwards` are ports of this machine that lead to Services, without a port of the cluster's own. They are
open while the dashboard is, while a program of `bringup run` runs, and while `bringup tunnel` does; also to a
cluster on another machine. Each connection goes to a pod that is ready then, also after pods were replaced.
Where a port is taken, another one is opened and told, and `bringup run` has it in `environment`, too.

```yaml
forwards:
  - {{service: argo-server, namespace: argo, port: 2746}}
environment:
  ARGO_SERVER: "127.0.0.1:2746"
```

## Plans of plans

What several plans share is a file of its own, which they include:

```yaml
variables: {{tag: dev}}
include:
  - plan: ../shared/storage.yaml
    as: ds
    with: {{image: "data-storage:${{tag}}"}}
phases:
  - id: images # without tasks of its own: those of `storage.yaml`
  - id: create
    tasks:
      - {{id: cluster, steps: [{{kind: cluster.create}}]}}
  - id: deploy
    tasks:
      - {{id: service, needs: [cluster, ds], steps: [{{kind: command, shell: make deploy}}]}}
```

`storage.yaml` is a plan like any other, but has neither `cluster`, `clusters`, `hosts` nor `limit`;
`apiVersion` and `name` may be absent:

```yaml
variables:
  image: # no value: whoever includes it must give one
  replicas: 1
phases:
  - id: images
    tasks:
      - id: image
        steps: [{{kind: image.build, tag: "${{image}}", context: .}}]
  - id: deploy
    tasks:
      - id: server
        needs: [cluster, image]
        steps:
          - {{kind: image.deliver, images: "${{image}}"}}
          - {{kind: kubernetes.apply, manifests: storage.yaml.in, substitute: true}}
          - {{kind: kubernetes.wait, rollouts: deployment/storage, timeout: 2m}}
```

- **Names.** Its tasks are `ds.image` and `ds.server`; who needs `ds` needs all of it. A need within it is one
  of its own tasks, or else one of the plan that includes it, such as `cluster` here.
- **Variables.** It knows its own alone; `with` fills them. The plan that includes it knows them as
  `${{ds.image}}`, and `--set ds.replicas=2` and `--values` change them.
- **Phases** of the same id are one, whose included tasks come first. Their order is that of the plan that
  includes others: it may name a phase without `tasks`, and its `title` and `barrier` go first. A phase that
  it does not name comes before the one that it precedes in the included plan, or else last.
- **Paths** in it begin at its own directory, which is its `${{folder}}`.
- Its `endpoints`, `forwards`, `environment`, `secrets`, `failed` and `down` are added to those of the plan
  that includes it, whose own environment variables go first. Its `down` comes first: a cluster goes last.
- One file may be included several times, by different names, and may include others in turn. `when` says
  whether all its tasks are wanted, `cluster` which of several clusters it is for where it names none.

## Images

`image.build` builds by the container engine itself, and by `docker buildx build` where the Dockerfile has
here-documents, `--mount`, `--link` or the like, or where the step has `secrets`, `ssh`, several platforms or
a `builder`. `image.make` runs a project's own builder, `image.import` loads an archive; both say which images
there are then, so that lint knows and later steps can rely on it.

```yaml
phases:
  - id: images
    tasks:
      - id: web
        steps:
          - {{kind: image.build, tag: "web:dev", context: ., secrets: {{id: npm, env: NPM_TOKEN}}}}
      - id: operator
        steps:
          - {{kind: image.make, shell: make image IMG=operator:dev, images: "operator:dev"}}
      - id: database
        steps:
          - {{kind: image.import, archive: database.tar.gz, images: "database:1.4"}}
```

## Objects

`kubernetes.apply` takes objects from files, directories, URLs and kustomize's directories, and makes some
itself, which come first: ConfigMaps and Secrets as `kubectl create` does, and certificates for servers. It
changes images and namespaces as kustomize does, without a kustomization:

```yaml
phases:
  - id: deploy
    tasks:
      - id: operator
        steps:
          - kind: kubernetes.apply
            manifests:
              - https://example.org/operator/v1.4/install.yaml
              - {{configmap: operator, files: [operator.toml, key=certs/a.pem], literals: {{level: debug}}}}
              - {{secret: database, envs: database.env}}
              - {{tls: webhook-tls, names: webhook.shop.svc}}
            images: {{name: example.org/operator, newName: operator, newTag: dev}}
            move_to: shop
```

The Secret `webhook-tls` holds a certificate for the names, its key, and the authority that was made for it.
Webhooks, conversions and APIServices of the step whose service is `webhook` in `shop` get that as their
`caBundle`. It is kept while it is for the same names and valid for more than a day.
"""


def reference() -> str:
    """Return the reference as Markdown."""
    lines = [_HEAD, "## The plan\n", *table(plan_keys())]
    for part in plan_parts():
        lines += [f"\n### {part.name}\n", f"{part.meaning}\n", *table(part.keys)]
    lines.append("\n## Steps\n")
    lines.append(f"Steps of a task run in order. Each has a `kind`, maybe {listed(SHARED)}.")
    for own, *others in dict.fromkeys(map(kinds_of, STEPS.values())):
        step = describe_kind(own)
        keys = [key for key in step.keys if key.name not in SHARED]
        names = " or ".join(f"`{name}`" for name in (own, *others))
        lines += [f"\n### {names}\n", f"{' '.join((step.meaning, *step.facts))}\n", *table(keys)]
        lines += ["\n```yaml", step.example, "```"]
    return "\n".join(lines) + "\n"
