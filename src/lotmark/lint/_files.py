"""Which files decide about a build, and what each is to the lint."""

import re
import subprocess
from pathlib import Path, PurePosixPath

from lotmark.lint.models import FileKind

ASIDE = frozenset({"test", "tests", "testing", "testdata", "test-data", "fixtures", "doc", "docs", "example", "examples", "samples"})
"""Folders whose files build nothing of the product unless the build was seen to read them."""
_SKIPPED = frozenset({".git", ".hg", ".svn", ".lotmark", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox"})
_BY_NAME: dict[str, FileKind] = {
    "Makefile": "make", "makefile": "make", "GNUmakefile": "make", "justfile": "make", "CMakeLists.txt": "cmake", "meson.build": "flags",
    "Dockerfile": "container", "Containerfile": "container", "Jenkinsfile": "ci", ".gitlab-ci.yml": "ci", "azure-pipelines.yml": "ci",
    ".travis.yml": "ci", "action.yml": "ci", "action.yaml": "ci", "docker-compose.yml": "ci", "compose.yml": "ci", "compose.yaml": "ci",
    "setup.py": "python", "build.py": "python", "hatch_build.py": "python", "conanfile.py": "python", "SConstruct": "python", "SConscript": "python",
    "noxfile.py": "python", "build.rs": "rust", "configure.ac": "shell", "package.json": "flags", "tox.ini": "flags", "platformio.ini": "flags",
    "pyproject.toml": "flags", "config.toml": "flags", "Cargo.toml": "flags",
}  # fmt: skip
_BY_ENDING: dict[str, FileKind] = {
    ".sh": "shell", ".bash": "shell", ".mk": "make", ".mak": "make", ".cmake": "cmake", ".gradle": "jvm", ".kts": "jvm",
    ".c": "c", ".h": "c", ".cc": "c", ".cpp": "c", ".cxx": "c", ".hpp": "c", ".hh": "c", ".inc": "c", ".S": "c", ".ino": "c",
}  # fmt: skip
_BUNDLER = re.compile(r"(?:webpack|vite|rollup|esbuild|gulpfile|Gruntfile|next|babel)(?:\.[\w-]+)*\.(?:[cm]?[jt]s)\Z")
_REQUIREMENTS = re.compile(r"[\w.-]*requirements[\w.-]*\.txt\Z")
_SCRIPT_FOLDERS = frozenset({"scripts", "script", "tools", "tool", "build", "ci", ".ci", "cmake", "packaging"})
_SOURCES: frozenset[FileKind] = frozenset({"c"})


def list_files(root: Path) -> list[str]:
    """The POSIX names of the tree's files: those that git knows or would take, without git all but caches and environments."""
    try:
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return sorted(_walk(root))
    return sorted({name for each in done.stdout.split(b"\0") if (name := each.decode("utf-8", "surrogateescape"))})


def _walk(root: Path) -> list[str]:
    import os

    names = []
    start = len(str(root).rstrip("/")) + 1
    for folder, folders, files in os.walk(str(root)):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        names += [f"{folder[start:]}/{name}".lstrip("/") for name in files]
    return names


def find_kind(name: str) -> FileKind | None:
    """What a file is to the lint, by its name alone."""
    folder, _, base = name.rpartition("/")
    kind = _BY_NAME.get(base)
    if kind == "flags" and base == "config.toml" and not folder.endswith(".cargo"):
        return None
    if kind is not None:
        return kind
    if folder.endswith(".github/workflows") and base.endswith((".yml", ".yaml")):
        return "ci"
    if base.startswith(("Dockerfile.", "Containerfile.")) or base.endswith((".dockerfile", ".Dockerfile")):
        return "container"
    if _REQUIREMENTS.match(base):
        return "requirements"
    if _BUNDLER.match(base):
        return "javascript"
    ending = base[base.rfind(".") :] if "." in base else ""
    kind = _BY_ENDING.get(ending)
    if kind is None and ending in {".py", ".js", ".mjs", ".ts"} and _SCRIPT_FOLDERS.intersection(PurePosixPath(folder).parts):
        return "python" if ending == ".py" else "javascript"
    return kind


def builds(name: str, kind: FileKind) -> bool:
    """Whether a file of this kind at this place scripts the build, as far as its name tells."""
    return kind not in _SOURCES and not ASIDE.intersection(part.lower() for part in PurePosixPath(name).parts[:-1])
