#!/usr/bin/env bash
# Builds the container image and runs it, on a machine with no container engine: by buildah, on a base
# image made of this machine's own Node 24. Run it as root: bash test/system/container.sh
#
# It checks that the image builds, runs as a user that is not root, keeps its data in the volume over a
# restart, answers its health check, and stops on SIGTERM.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in buildah busybox; do
  command -v "$tool" > /dev/null || { echo "needs $tool (Debian: apt-get install buildah busybox-static)"; exit 2; }
done
npm run --silent build

work=$(mktemp -d /tmp/sluice-container.XXXXXX)
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
build() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }
broker_pid=''
cleanup() {
  [ -z "$broker_pid" ] || kill "$broker_pid" 2> /dev/null || true
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
cp -rL "$(npm root -g)/npm" "$root/usr/local/lib/npm"
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
build bud -q --network host "${npmrc[@]}" --build-arg BASE=localhost/sluice-base -t sluice . > /dev/null
build inspect --type image --format \
  'user {{.OCIv1.Config.User}}, volumes {{.OCIv1.Config.Volumes}}, stops on {{.OCIv1.Config.StopSignal}}' sluice

echo '== run'
container=$(build from localhost/sluice)
mkdir -p "$work/data" && chown 1000:1000 "$work/data"
inside() { build run --network host --volume "$work/data:/var/lib/sluice" "$container" -- "$@"; }
grpc=127.0.0.1:29194
http=127.0.0.1:29195
start() {
  inside sluice start --grpc "$grpc" --http "$http" > "$work/broker.log" 2>&1 &
  broker_pid=$!
  for _ in $(seq 100); do
    inside sluice health --http "$http" > /dev/null 2>&1 && return
    kill -0 "$broker_pid" 2> /dev/null || break
    sleep 0.1
  done
  cat "$work/broker.log"; echo 'the broker did not become healthy'; exit 1
}
stop() { # the broker, not buildah, is to have the signal
  pkill -TERM -f "sluice start --grpc $grpc" || true
  wait "$broker_pid" 2> /dev/null || true
  broker_pid=''
}
[ "$(inside id -u)" = 1000 ] || { echo 'runs as root'; exit 1; }
start
inside sluice topic create clicks --bootstrap "$grpc"
printf 'one\ntwo\nthree\n' | inside sluice produce clicks --bootstrap "$grpc"
stop
start
read_back=$(inside sluice consume clicks --from-beginning --no-follow --bootstrap "$grpc")
stop
[ "$read_back" = $'one\ntwo\nthree' ] || { echo "read back: $read_back"; exit 1; }
ls "$work/data" | grep -q kafka_cleanshutdown || ls -a "$work/data" | grep -q kafka_cleanshutdown ||
  { echo 'the stop was not clean'; exit 1; }
echo 'the image builds, runs as user 1000, keeps its data, answers its health check, stops cleanly'
