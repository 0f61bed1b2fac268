#!/usr/bin/env bash
# Builds the container image and runs it, on a machine with no container engine: by buildah, on a base
# image made of this machine's own Node 24. Run it as root: bash test/system/container.sh
#
# It checks that the image builds and holds nothing that only building needs, runs as a user that is not
# root, becomes healthy by its own health check, keeps its data in the volume over a stop and a kill, and
# stops cleanly on SIGTERM. The broker runs in a network of its own, at the image's own addresses.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in buildah busybox unshare nsenter ip; do
  command -v "$tool" > /dev/null ||
    { echo "needs $tool (Debian: apt-get install buildah busybox-static iproute2)"; exit 2; }
done
npm run --silent build

work=$(mktemp -d /tmp/sluice-container.XXXXXX)
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
build() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }
fail() { echo "FAILED: $*"; exit 1; }

run_pid='' # buildah, which runs the broker
network_pid='' # holds the broker's network
broker_pid() { # the last of the descendants of buildah
  local pid=$run_pid child
  while child=$(ps -o pid= --ppid "$pid" | head -1) && [ -n "$child" ]; do pid=$((child)); done
  echo "$pid"
}
cleanup() {
  [ -z "$run_pid" ] || kill -KILL "$(broker_pid)" 2> /dev/null || true
  [ -z "$network_pid" ] || kill "$network_pid" 2> /dev/null || true
  build rm --all > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

echo '== base image: busybox, Node, npm'
node_binary=$(realpath node_modules/node/bin/node)
root=$work/base
mkdir -p "$root"/{bin,usr/bin,usr/local/bin,usr/local/lib,lib64,etc/ssl/certs,tmp,var/lib,root,opt}
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in sh ln mkdir chown chmod cp rm ls cat id env kill sleep uname; do
  ln -s busybox "$root/bin/$applet"
done
ln -s /bin/env "$root/usr/bin/env"
cp "$node_binary" "$root/usr/local/bin/node"
ldd "$node_binary" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"
done
cp -rL "$(realpath "$(command -v npm)" | sed 's|/bin/[^/]*$||')" "$root/usr/local/lib/npm"
ln -s ../lib/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp /etc/resolv.conf "$root/etc/" 2> /dev/null || true
echo 'root:x:0:0::/root:/bin/sh
sluice:x:1000:1000::/tmp:/bin/sh' > "$root/etc/passwd"
chmod 1777 "$root/tmp"
base=$(build from scratch)
build copy -q "$base" "$root" / > /dev/null
build config --env PATH=/usr/local/bin:/usr/bin:/bin \
  --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$base"
build commit -q "$base" sluice-base > /dev/null

echo '== image'
npmrc=()
[ ! -f "$HOME/.npmrc" ] || npmrc=(--volume "$HOME/.npmrc:/root/.npmrc:ro")
# Docker's format, since OCI's has no health check.
build bud -q --format docker --network host "${npmrc[@]}" \
  --build-arg BASE=localhost/sluice-base -t sluice . > /dev/null
of_image() { build inspect --type image --format "$1" sluice; }
[ "$(of_image '{{.Docker.Config.User}}')" = 1000:1000 ] || fail 'the image has another user'
[ "$(of_image '{{.Docker.Config.StopSignal}}')" = SIGTERM ] || fail 'it stops on another signal'
read -ra command <<< "$(of_image \
  '{{range .Docker.Config.Entrypoint}}{{.}} {{end}}{{range .Docker.Config.Cmd}}{{.}} {{end}}')"
read -ra health <<< "$(of_image '{{range .Docker.Config.Healthcheck.Test}}{{.}} {{end}}')"
[ "${health[0]}" = CMD ] || fail 'the image has no health check'
echo "starts by: ${command[*]}; is asked by: ${health[*]:1}"
build images --format '{{.Name}} {{.Size}}' | sed -n 's/^localhost\///p'

echo '== run'
unshare --net sleep infinity &
network_pid=$!
until [ "$(readlink "/proc/$network_pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
in_network=(nsenter --net="/proc/$network_pid/ns/net")
"${in_network[@]}" ip link set lo up
container=$(build from localhost/sluice)
mkdir -p "$work/data" && chown 1000:1000 "$work/data"
buildah_run=(buildah --root "$work/storage" --runroot "$work/run" run --network host
  --volume "$work/data:/var/lib/sluice" "$container" --)
inside() { "${in_network[@]}" "${buildah_run[@]}" "$@"; }
start() {
  "${in_network[@]}" "${buildah_run[@]}" "${command[@]}" > "$work/broker.log" 2>&1 &
  run_pid=$!
  for _ in $(seq 100); do
    inside "${health[@]:1}" > /dev/null 2>&1 && return
    kill -0 "$run_pid" 2> /dev/null || break
    sleep 0.1
  done
  cat "$work/broker.log"
  fail 'the broker did not become healthy'
}
stop() { # the broker, not buildah, is to have the signal
  local code=0
  kill "-$1" "$(broker_pid)"
  wait "$run_pid" || code=$?
  run_pid=''
  [ "$1" = KILL ] || [ "$code" = 0 ] || { cat "$work/broker.log"; fail "SIGTERM ended it with $code"; }
}
read_back() { inside sluice consume clicks --from-beginning --no-follow; }

[ "$(inside id -u)" = 1000 ] || fail 'it runs as root'
for package in typescript vitest assemblyscript node; do
  ! inside ls "/opt/sluice/node_modules/$package" > /dev/null 2>&1 || fail "the image holds $package"
done
! inside "${health[@]:1}" > /dev/null 2>&1 || fail 'it is healthy before it runs'
start
inside sluice topic create clicks
printf 'one\ntwo\n' | inside sluice produce clicks --quiet
stop KILL
start
printf 'three\n' | inside sluice produce clicks --quiet
stop TERM
[ -e "$work/data/.kafka_cleanshutdown" ] || fail 'the stop was not clean'
start
[ "$(read_back)" = $'one\ntwo\nthree' ] || fail "read back: $(read_back)"
stop TERM
echo 'the image builds, runs as user 1000, keeps its data over a kill, answers its health check, stops cleanly'
