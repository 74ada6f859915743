"""Causes that take a whole command to see: installations without versions, downloads without hashes, images, requirements."""

import re
import shlex
from collections.abc import Iterator

from lotmark.lint.models import FileKind, Hit

_COMMANDS = re.compile(
    r"\b(?:apt(?:-get)?\s[^\n]*install|apk\s[^\n]*add|(?:dnf|yum|microdnf)\s[^\n]*install|pip3?\s+install|uv\s+pip\s+install|npm\s+(?:install|i)\b|yarn\s+(?:install|add)|"
    r"pnpm\s+(?:install|i|add)\b|cargo\s+install|go\s+install|gem\s+install|curl\s|wget\s|git\s+clone)"
)
_TOOLS = ("install", "add", "npm i", "pnpm i", "curl", "wget", "clone")
"""One of these every such command has."""
_SPLIT = re.compile(r"\s*(?:&&|\|\||;|\n|(?<!\|)\|(?!\|))\s*")
_CHECKED = re.compile(r"sha(?:256|384|512)(?:sum)?|--checksum|gpg\s+--verify|cosign\s+verify|minisign|shasum|EXPECTED|openssl\s+dgst", re.IGNORECASE)
_SAID = re.compile(r"\b(?:echo|printf|print|die|warn)\b")
"""What stands behind one of these is told to a person, not run."""
_URL = re.compile(r"https?://[^\s\"'|)]+")
_FROM = re.compile(r"(?i)^\s*FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?\s*$")
_COPY_FROM = re.compile(r"(?i)^\s*COPY\s+.*--from=(\S+)")
_ADD_URL = re.compile(r"(?i)^\s*ADD\s+.*https?://")
_NEAR = 6
"""How many lines after a download its check may stand."""


def logical_lines(text: str, kind: FileKind) -> Iterator[tuple[int, str]]:
    """Lines with backslash continuations joined and comments left out, each with the number of its first line."""
    marks = ("//", "/*", "*") if kind in {"javascript", "jvm", "rust", "c"} else ("#", "%", "dnl ") if kind == "shell" else ("#",)
    first, held = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith(marks):
            continue
        first = first or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield first, held + line
        first, held = 0, ""
    if held:
        yield first, held


def find_in_commands(path: str, lines: list[tuple[int, str]]) -> Iterator[Hit]:
    """Installations and downloads of shell commands in any kind of script."""
    for index, (number, line) in enumerate(lines):
        if not any(word in line for word in _TOOLS) or not _COMMANDS.search(line):
            continue
        for command in _SPLIT.split(line):
            match = _COMMANDS.search(command)
            if match is None or _SAID.search(command[: match.start()]):
                continue
            near = " ".join(each for _, each in lines[index : index + _NEAR])
            found = _judge(command[match.start() :], near)
            if found is not None:
                code, message = found
                yield Hit(code, path, number, line.find(command.strip()[:20]) + 1, command.strip()[:200], message)


def _judge(command: str, near: str) -> tuple[str, str] | None:
    """The rule that one command breaks, and why."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    tool = words[0] if words else ""
    given = [word for word in words[1:] if not word.startswith("-") and "$" not in word]
    if tool in {"apt", "apt-get", "apk", "dnf", "yum", "microdnf"}:
        verb = "add" if tool == "apk" else "install"
        names = given[given.index(verb) + 1 :] if verb in given else []
        loose = [name for name in names if not re.search(r"[=~]|\.(?:deb|apk|rpm)\Z|-\d+[\d.]*-\d", name) and re.match(r"[a-z0-9]", name)]
        return ("LM-LNT-014", f"{tool} takes whatever version of {', '.join(loose[:4])} there is") if loose else None
    if "pip" in tool or tool == "uv":
        return _judge_pip(words, given)
    if tool in {"npm", "yarn", "pnpm"}:
        return _judge_node(tool, words, given)
    if tool in {"cargo", "go", "gem"} and len(given) > 1:
        exact = {"cargo": "--locked" in words and any(word.startswith("--version") for word in words), "go": bool(re.search(r"@v\d+\.\d+\.\d+", given[1]))}
        pinned = exact.get(tool, any(word in {"-v", "--version"} for word in words))
        return None if pinned else ("LM-LNT-010", f"{tool} install takes whatever version of {given[1]} there is")
    if tool == "git":
        fixed = re.search(r"(?:checkout|reset\s+--hard|fetch\s+\S+)\s[^;&]*\b[0-9a-f]{40}\b", near)
        return None if fixed else ("LM-LNT-017", "git clone takes whatever the branch is today")
    url = _URL.search(command)
    if tool in {"curl", "wget"} and url and not _CHECKED.search(near):
        return "LM-LNT-016", f"{url[0][:100]} is fetched without a hash"
    return None


def _judge_pip(words: list[str], given: list[str]) -> tuple[str, str] | None:
    names = given[given.index("install") + 1 :] if "install" in given else []
    files = {
        words[i + 1]
        for i, word in enumerate(words[:-1])
        if word in {"-r", "--requirement", "-c", "--constraint", "-t", "--target", "-i", "--index-url", "--python"}
    }
    loose = [name for name in names if name not in files and "==" not in name and not re.match(r"[./]|\S+\.whl\Z|-", name)]
    if any("git+" in name for name in names):
        return "LM-LNT-017", "pip installs from git, where tags and branches can be moved"
    if loose:
        return "LM-LNT-010", f"pip takes whatever version of {', '.join(loose[:4])} there is"
    pinned = any("==" in name for name in names)
    if pinned and "--require-hashes" not in words:
        return "LM-LNT-011", "pip takes whatever bytes the index has for that version"
    return None


def _judge_node(tool: str, words: list[str], given: list[str]) -> tuple[str, str] | None:
    verb, names = (given[0], given[1:]) if given else ("", [])
    loose = [name for name in names if not re.search(r".@\d+\.\d+\.\d+", name) and not name.startswith(".")]
    if loose:
        return "LM-LNT-010", f"{tool} takes whatever version of {', '.join(loose[:4])} there is"
    if names or {"--frozen-lockfile", "--immutable", "--package-lock-only", "--offline"} & set(words):
        return None
    cure = {"npm": "npm ci", "yarn": "yarn install --immutable"}.get(tool, "pnpm install --frozen-lockfile")
    return ("LM-LNT-015", f"{tool} {verb} may change the lock file; `{cure}` holds to it") if verb in {"install", "i"} else None


def find_in_container(path: str, lines: list[tuple[int, str]]) -> Iterator[Hit]:
    """Images without a digest and files added from a URL."""
    stages: set[str] = {"scratch"}
    for number, line in lines:
        match = _FROM.match(line) or _COPY_FROM.match(line)
        if match:
            image = match[1]
            named = match[2] if match.re is _FROM else None
            if image.lower() not in stages and not image.isdecimal() and "@sha256:" not in image and "$" not in image:
                yield Hit("LM-LNT-012", path, number, line.find(image) + 1, line.strip()[:200], f"{image}: a tag of an image can be moved")
            if named:
                stages.add(named.lower())
        elif _ADD_URL.match(line) and "--checksum" not in line:
            yield Hit("LM-LNT-016", path, number, 1, line.strip()[:200], "ADD fetches without a hash")


def find_in_requirements(path: str, lines: list[tuple[int, str]]) -> Iterator[Hit]:
    """Requirements without one exact version, or without a hash."""
    for number, raw in lines:
        line = re.sub(r"(?:^|\s)#.*$", "", raw).strip()
        if not line or line.startswith("-"):
            continue
        requirement = line.partition(" --hash")[0].partition(";")[0].strip()
        if "://" in requirement or requirement.startswith((".", "/")):
            yield Hit("LM-LNT-017", path, number, 1, line[:200], f"{requirement[:100]} comes from no registry")
        elif not re.search(r"===?\s*[^*\s,]+\Z", requirement):
            yield Hit("LM-LNT-010", path, number, 1, line[:200], f"{requirement[:100]} takes whatever version there is")
        elif "--hash" not in line:
            yield Hit("LM-LNT-011", path, number, 1, line[:200], f"{requirement[:100]} takes whatever bytes the index has for that version")
