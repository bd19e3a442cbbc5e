#!/bin/bash
# What the bundled plan brings up, by kind, kubectl and docker as one would write it by hand, for the benchmark.
#
#   bring_up.sh parallel|eager [no-wait]
#
# With no-wait, nodes are waited for by kubectl in place of `kind create --wait`.
#
# NAME, NODE_IMAGE, IMAGE (to build), TEKTON_IMAGES, PORT, KUBECONFIG, and FILES: a directory with the plan's
# files, filled in, and Tekton's release.yaml.
set -euo pipefail
cd "$FILES"
[[ ${2:-} == no-wait ]] && wait='' || wait=yes
system=kubernaut-system workflows=kubernaut-workflows

load() { kind load docker-image --name "$NAME" "$@"; }
rolled_out() { for each in "${@:2}"; do kubectl -n "$1" rollout status "$each" --timeout 5m; done; }

create() {
  local how=(--wait 3m)
  [[ $wait ]] || how=()
  kind create cluster --name "$NAME" --image "$NODE_IMAGE" --config kind.yaml "${how[@]}"
  [[ $wait ]] || kubectl wait node --all --for condition=Ready --timeout 3m
  kubectl create namespace $system
}
tekton() {
  # shellcheck disable=SC2086
  load $TEKTON_IMAGES
  kubectl apply -f release.yaml
  rolled_out tekton-pipelines deployment/tekton-pipelines-controller deployment/tekton-pipelines-webhook
  until kubectl create --dry-run=server -f probe.yaml; do sleep 1; done
}
databases() {
  load postgres:15 redis:7
  kubectl apply -f postgresql.yaml -f redis.yaml
  rolled_out $system deployment/postgresql deployment/redis
}
image() { docker build --quiet --tag "$IMAGE" --build-arg BASE_IMAGE=debian:bookworm-slim data-storage; }
storage() {
  load "$IMAGE"
  kubectl apply -f data-storage.yaml
  rolled_out $system deployment/datastorage
  until curl --silent --fail "http://127.0.0.1:$PORT/health"; do sleep 1; done
}
migrations() {
  for file in migrations/*.sql; do
    sed -n '/+goose Up/,/+goose Down/p' "$file" |
      kubectl -n $system exec -i deployment/postgresql -- \
        env PGPASSWORD=slm_password psql -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -U slm_user -d action_history
  done
}
access() {
  kubectl create namespace $workflows
  for each in $workflows/default tekton-pipelines-resolvers/default \
    tekton-pipelines-resolvers/tekton-pipelines-resolvers; do
    secret='{"apiVersion":"v1","kind":"Secret","metadata":{"name":"quay-pull-secret"},'
    secret+='"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"{\"auths\":{}}"}}'
    kubectl -n "${each%/*}" apply -f - <<<"$secret"
    until kubectl -n "${each%/*}" patch serviceaccount "${each#*/}" \
      -p '{"imagePullSecrets":[{"name":"quay-pull-secret"}]}'; do sleep 0.5; done
  done
}
all() { # wait for background jobs, and fail if one has
  local failed=0
  for job in "$@"; do wait "$job" || failed=1; done
  return $failed
}

case $1 in
parallel)
  create
  tekton & a=$!; databases & b=$!; image & c=$!
  all $a $b $c
  storage & a=$!; migrations & b=$!
  all $a $b
  access
  ;;
eager)
  image & i=$!
  create
  { tekton; access; } & t=$!
  databases
  migrations & m=$!
  all $i
  storage
  all $t $m
  ;;
esac
