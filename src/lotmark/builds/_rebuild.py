"""Rebuild a release from its capsule alone: check every blob, unpack, run the recorded recipe sealed off, compare (claim R5).

The capsule is not trusted: digests are checked before a byte is unpacked, tars may hold nothing that leaves the folder,
and the recipe runs in the sandbox as any other build.
"""

import datetime as dt
import errno
import os
import tarfile
from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError
from lotmark.builds._capsule_form import Index, InputLock, LockRecipe, Manifest, damaged, read_part
from lotmark.builds._conditions import find_faketime
from lotmark.builds._lane import give_to
from lotmark.builds._layout import write_accounts
from lotmark.builds._outputs import Collected, collect
from lotmark.builds._sandbox import get_sandbox
from lotmark.builds._scratch import open_scratch
from lotmark.builds.models import CapsuleVerdict, Mount, SandboxSpec, Verdict

_NOT_MOUNTED = frozenset({"build", "var", "tmp", "proc", "dev", "sys", "run"})
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FAKETIME = "/build/clock/libfaketime.so"


def read_lock(capsule: Path, name: str) -> tuple[Digest, InputLock]:
    """The build key and the input lock of the release `name`, each checked against its digest.

    Raises:
        NothingToJudgeError: LM-BLD-044 if the folder is no capsule, or has none of that name.
        IntegrityError: LM-BLD-045 if a part is damaged, too large, or not of the published form.
    """
    path = capsule / "index.json"
    if not path.is_file():
        raise NothingToJudgeError("LM-BLD-044", f"{capsule} is no capsule: it has no index", solution="name the folder that `lotmark build --capsule` wrote")
    releases = read_part(path, Index, "the index").manifests
    found = [each for each in releases if each.annotations.name == name]
    if not found:
        known = ", ".join(sorted({each.annotations.name for each in releases})) or "none"
        raise NothingToJudgeError("LM-BLD-044", f"the capsule holds no release {name!r}, but: {known}", solution="name one that it holds")
    if len(found) > 1:
        raise damaged(path, f"the release {name!r} stands {len(found)} times in the index")
    manifest = read_part(_blob(capsule, found[0].digest), Manifest, f"the manifest of {name!r}")
    lock = _blob(capsule, manifest.config.digest)
    return Digest(lock.name), read_part(lock, InputLock, f"the input lock of {name!r}")


def _blob(capsule: Path, reference: str) -> Path:
    """The blob of that digest, its bytes checked."""
    digest = reference.removeprefix("sha256:")
    path = capsule / "blobs" / "sha256" / digest
    try:
        if Digest.of_file(path).hex != digest:
            raise damaged(path, f"the blob {digest} of the capsule is damaged")
    except OSError as error:
        raise damaged(path, f"the blob {digest} of the capsule is missing") from error
    return path


def rebuild_capsule(capsule: Path, name: str, work: Path, *, shift: dt.timedelta = dt.timedelta(0)) -> CapsuleVerdict:
    """Rebuild and compare; outputs lie in ``work/outputs``. `shift` sets the build's clock ahead.

    Raises:
        As `read_lock`; EnvironmentLacksError LM-BLD-001 without bubblewrap, LM-BLD-024 if the clock cannot be set.
    """
    key, lock = read_lock(capsule, name)
    sandbox, capabilities = get_sandbox("bwrap")
    if shift and not find_faketime():
        raise EnvironmentLacksError("LM-BLD-024", "libfaketime is not installed: the clock cannot be set ahead", solution="sudo apt-get install faketime")
    size = sum(layer.size for layer in lock.environment.layers)
    with open_scratch(work, needed=size) as scratch:
        root = scratch / "root"
        root.mkdir()
        for layer in lock.environment.layers:
            _unpack(_blob(capsule, layer.sha256), root)
        source = root / "build" / "src"
        _make_source(source, root)
        if capabilities.owner is not None:
            give_to(source, capabilities.owner)
        result = sandbox.run(_spec(lock.recipe, root, source, scratch, shift))
        collected = collect(source, lock.recipe.outputs, work / "outputs") if result.succeeded else Collected((), ())
    made = {each.name: each.digest for each in collected.files}
    expected = {each.name: Digest(each.sha256) for each in lock.expected}
    outputs = tuple((each, digest, made.get(each)) for each, digest in sorted(expected.items()))
    verdict = Verdict.FAILED if not result.succeeded else Verdict.IDENTICAL if made == expected and not collected.refused else Verdict.DIFFERENT
    return CapsuleVerdict(name, key, verdict, outputs, result, shift)


def _make_source(source: Path, root: Path) -> None:
    """The one folder that the recipe may write: a link in its place would lead it to a folder of the host."""
    try:
        plain = source.resolve() == root.resolve() / source.relative_to(root)
        if plain:
            source.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in _FULL:
            raise
        plain = False
    if not plain:
        raise damaged(source, "the capsule's source folder is a link or a file")


def _unpack(layer: Path, root: Path) -> None:
    try:
        with tarfile.open(layer, "r:") as archive:
            archive.extractall(root, filter=_plain)  # noqa: S202 (the filter lets plain members inside the folder through, no others)
    except (tarfile.TarError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise
        raise damaged(layer, f"the layer {layer.name} cannot be unpacked: {error}") from error


def _plain(member: tarfile.TarInfo, root: str) -> tarfile.TarInfo:
    """Files, folders and links alone, written inside the root with plain modes; a link may name any path, for it is read inside the sandbox alone."""
    parts = member.name.split("/")
    if not (member.isfile() or member.isdir() or member.issym()) or member.name.startswith("/") or ".." in parts:
        raise ValueError(f"it holds {member.name!r}, which is no plain member")
    if Path(root, *parts[:-1]).resolve() != Path(os.path.realpath(root), *parts[:-1]):
        raise ValueError(f"{member.name!r} would be written through a link")
    if Path(root, member.name).is_symlink() and not member.issym():
        raise ValueError(f"{member.name!r} would be written through the link of that name")
    mode = 0o755 if member.isdir() or (member.mode or 0) & 0o111 else 0o644
    return member.replace(mode=mode, uid=os.geteuid(), gid=os.getegid(), uname="", gname="", deep=False)


def _spec(recipe: LockRecipe, root: Path, source: Path, scratch: Path, shift: dt.timedelta) -> SandboxSpec:
    variables = dict(recipe.variables)
    mounts = [*write_accounts(scratch / "etc", "builder", 1000, 1000, "/build/home", "lotmark-build"), Mount(source, "/build/src", writable=True)]
    if shift:
        mounts.append(Mount(Path(find_faketime()), _FAKETIME))
        variables |= {"LD_PRELOAD": _FAKETIME, "FAKETIME": f"+{int(shift.total_seconds())}", "NO_FAKE_STAT": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    tops = [each for each in sorted(root.iterdir()) if each.name not in _NOT_MOUNTED]
    for top in tops:
        if not top.is_symlink():
            # /etc is put together from what the capsule holds and the accounts of this run.
            parts = [top] if top.name != "etc" else [each for each in sorted(top.iterdir()) if each.name not in ("passwd", "group", "hosts", "nsswitch.conf")]
            mounts += [Mount(each, f"/{each.relative_to(root)}") for each in parts if not each.is_symlink()]
    links = [(os.fspath(each.readlink()), f"/{each.name}") for each in tops if each.is_symlink()]
    return SandboxSpec(
        command=tuple(recipe.command),
        working_directory=os.path.normpath(f"/build/src/{recipe.working_directory}"),
        variables=variables,
        mounts=tuple(mounts),
        links=(*links, ("../tmp", "/var/tmp")),  # noqa: S108 (a path inside the sandbox)
        scratch=("/tmp", "/build/home"),  # noqa: S108 (a path inside the sandbox)
        hostname="lotmark-build",
        timeout=recipe.timeout,
        merge_output=True,
    )
