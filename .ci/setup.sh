# Sourced by `open` and `test`: what this machine lacks, installed, each with a line on what and why.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf 'error: %s\n  help: %s\n' "$1" "$2" >&2; exit 1; }

need_tools() {
  command -v cargo >/dev/null || fail "Rust is not installed" "install it with rustup, 1.90 or newer"
  command -v git >/dev/null || fail "git is not installed" "install it with: apt-get install git"
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is not installed" "install Node.js 20 or newer, with npm"
  done
}

# Formatter and linter come with Rust, but a minimal installation leaves them out.
need_lints() {
  cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return 0
  say "installing rustfmt and clippy: the tests check format and lints"
  rustup component add rustfmt clippy
}

# need_packages WHY PACKAGE...: installs the Debian or Ubuntu packages that are missing.
need_packages() {
  local why=$1 package missing=()
  shift
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || fail "missing: ${missing[*]} ($why)" "install them with this system's package manager"
  say "installing ${missing[*]}: $why"
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "missing: ${missing[*]}" "run as root: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_compiler() {
  need_packages "to compile and link Rust" build-essential pkg-config
}

need_webview() {
  need_packages "the window's web engine" libwebkit2gtk-4.1-dev
}

# need_npm FOLDER WHAT: packages as the folder's lock file says; only when that is newer than what is there.
need_npm() {
  local stamp=$1/node_modules/.package-lock.json
  if [ ! -f "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ]; then
    say "installing $2, as $1/package-lock.json lists it"
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
    touch "$stamp"
  fi
}

need_npm_packages() {
  need_npm ui "the window's packages"
}

need_engines() {
  need_npm tests/engines "Cedar's WebAssembly, an engine to check exports with"
}
