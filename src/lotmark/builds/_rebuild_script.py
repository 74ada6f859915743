"""The plain script of a capsule: rebuilds one release with a shell, tar, sha256sum and bwrap or podman. Pure."""

import shlex
from collections.abc import Mapping
from typing import Any

_HEAD = """#!/bin/sh
# Rebuild {name} from this capsule and compare; needs tar, sha256sum, and bwrap or podman. No network, no Lotmark.
# usage: {script} [FOLDER FOR THE OUTPUTS]
set -eu
umask 022
capsule=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+rwX "$work" 2>/dev/null; rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/etc" "$root/build/home" "$root/var/tmp"
"""
_LAYER = """printf '%s  %s\\n' {digest} "$capsule/blobs/sha256/{digest}" | sha256sum --check --status || {{ echo "blob {digest} is damaged or missing" >&2; exit 6; }}
tar -x --no-same-owner -f "$capsule/blobs/sha256/{digest}" -C "$root"
"""
_ACCOUNTS = """printf 'root:x:0:0:root:/root:/usr/sbin/nologin\\nbuilder:x:1000:1000:builder:/build/home:/bin/sh\\n' > "$root/etc/passwd"
printf 'root:x:0:\\nbuilder:x:1000:\\n' > "$root/etc/group"
"""
_RUN = """if command -v bwrap >/dev/null 2>&1; then
  bwrap --unshare-all --die-with-parent --new-session --uid 1000 --gid 1000 --hostname lotmark-build --cap-drop ALL --clearenv \\
    --bind "$root" / --proc /proc --dev /dev --tmpfs /tmp --tmpfs /build/home --tmpfs /var/tmp {bwrap} --chdir {directory} -- {command}
else
  podman run --rm --network=none --cap-drop=all --security-opt=no-new-privileges --hostname=lotmark-build --tmpfs=/tmp --tmpfs=/build/home --tmpfs=/var/tmp \\
    --env-host=false {podman} --workdir={directory} --rootfs "$root" {command}
fi
"""
_CHECK = """cd "$root/build/src"
status=0
sha256sum --check --strict <<'EXPECTED' || status=1
{sums}EXPECTED
if [ "$#" -gt 0 ]; then
  out=$1; case $out in /*) ;; *) out=$OLDPWD/$out;; esac
  mkdir -p "$out"; for each in {names}; do mkdir -p "$out/$(dirname -- "$each")"; cp -p -- "$each" "$out/$each"; done
fi
[ "$status" = 0 ] && echo "IDENTICAL: {name} was rebuilt from its capsule, byte for byte" || echo "DIFFERENT: {name}"
exit "$status"
"""


def rebuild_script(name: str, lock: Mapping[str, Any]) -> str:
    """The script for the release `name`, of its input lock; every word is quoted for the shell."""
    recipe, expected = lock["recipe"], lock["expected"]
    variables = recipe["variables"]
    directory = "/build/src" if recipe["workingDirectory"] == "." else f"/build/src/{recipe['workingDirectory']}"
    parts = [_HEAD.format(name=name, script=f"rebuild-{name}.sh")]
    parts += [_LAYER.format(digest=layer["sha256"]) for layer in lock["environment"]["layers"]]
    parts.append(_ACCOUNTS)
    parts.append(
        _RUN.format(
            bwrap=" ".join(f"--setenv {shlex.quote(key)} {shlex.quote(value)}" for key, value in variables.items()),
            podman=" ".join(f"--env={shlex.quote(f'{key}={value}')}" for key, value in variables.items()),
            directory=shlex.quote(directory),
            command=shlex.join(recipe["command"]),
        )
    )
    sums = "".join(_sum_line(each["sha256"], each["name"]) for each in expected)
    parts.append(_CHECK.format(name=name, sums=sums, names=shlex.join(each["name"] for each in expected)))
    return "".join(parts)


def _sum_line(digest: str, name: str) -> str:
    """A line of ``sha256sum --check``, which reads escapes in lines that begin with a backslash. No name ends the line, or the shell would read on."""
    written = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "" if written == name else "\\"
    return f"{mark}{digest}  {written}\n"
