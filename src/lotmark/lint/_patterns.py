"""Causes that one line shows: each a pattern, where it counts, and what takes it back."""

import re
from dataclasses import dataclass

from lotmark.lint.models import FileKind

_SHELLS: tuple[FileKind, ...] = ("shell", "make", "container", "ci")
_ALL_SCRIPTS: tuple[FileKind, ...] = (*_SHELLS, "cmake", "python", "javascript", "jvm", "rust", "flags")
_EPOCH = r"SOURCE_DATE_EPOCH"


@dataclass(frozen=True, slots=True)
class Pattern:
    """`what` is a message with the matched text at ``{}``; a line with `unless` is none."""

    code: str
    kinds: tuple[FileKind, ...]
    regex: re.Pattern[str]
    what: str
    unless: re.Pattern[str] | None = None

    def may_stand_in(self, lowered: str) -> bool:
        """Whether a text, in lower case, holds one of the words without which the pattern cannot match."""
        return any(word in lowered for word in _WORDS[self.code])


def _pattern(code: str, kinds: tuple[FileKind, ...], regex: str, what: str, unless: str = "") -> Pattern:
    return Pattern(code, kinds, re.compile(regex, re.MULTILINE), what, re.compile(unless) if unless else None)


_WORDS: dict[str, tuple[str, ...]] = {
    "LM-LNT-012": ("image", "container", "name:", "docker", "podman"),
    "LM-LNT-013": ("uses:",),
    "LM-LNT-016": ("url",),
    "LM-LNT-017": ("git_tag",),
    "LM-LNT-020": ("date", "time", "now"),
    "LM-LNT-021": ("__",),
    "LM-LNT-022": ("random", "uuid", "secrets", "openssl"),
    "LM-LNT-023": ("hostname", "whoami", "-un", "uname", "nproc", "logname", "user", "getlogin", "node", "site_name", "fqdn"),
    "LM-LNT-024": ("/home/", "/users/", "\\users\\"),
    "LM-LNT-025": ("native", "-xhost"),
    "LM-LNT-026": ("listdir", "scandir", "glob", "iterdir", "find", "ls "),
    "LM-LNT-027": ("tar ", "tar\t", "zip"),
    "LM-LNT-028": ("git",),
}
"""Finding a word in a text costs a hundredth of searching a pattern."""

PATTERNS: tuple[Pattern, ...] = (
    # the clock
    _pattern(
        "LM-LNT-020", _SHELLS, r"(?:\$\(|`|\$\(shell\s+)\s*date\b(?!\s*-d\s*@|\s*--date=@|\s*-r\b|\s*--reference)", "{} reads the clock", rf"{_EPOCH}|date\s+-u?d\s*[\"']?@"
    ),
    _pattern("LM-LNT-020", ("shell", "make", "container", "ci"), r"\bdate\s+[\"']?\+%[^|;]*>{1,2}", "{} writes the clock into a file", _EPOCH),
    _pattern(
        "LM-LNT-020", ("python",), r"\b(?:time\.time|time\.strftime|time\.localtime|time\.gmtime|datetime\.now|datetime\.utcnow|datetime\.today|date\.today)\s*\(",
        "{}) reads the clock", _EPOCH,
    ),
    _pattern("LM-LNT-020", ("javascript", "flags"), r"\bnew Date\(\s*\)|\bDate\.now\(\)", "{} reads the clock", _EPOCH),
    _pattern("LM-LNT-020", ("jvm",), r"\bnew Date\(\s*\)|System\.currentTimeMillis\(\)|(?:Instant|LocalDate|LocalDateTime|ZonedDateTime)\.now\(", "{} reads the clock", _EPOCH),
    _pattern("LM-LNT-020", ("rust",), r"SystemTime::now\(\)|(?:Utc|Local)::now\(\)", "{} reads the clock", _EPOCH),
    _pattern("LM-LNT-020", ("cmake",), r"(?i)\bstring\s*\(\s*TIMESTAMP\b", "{} reads the clock", _EPOCH),
    _pattern("LM-LNT-021", ("c",), r"\b__(?:DATE|TIME|TIMESTAMP)__\b", "{} puts the time of the build into the artifact"),
    # chance
    _pattern("LM-LNT-022", _SHELLS, r"\$RANDOM\b|\$\{RANDOM\}|/dev/u?random\b|\bopenssl\s+rand\b|\buuidgen\b", "{} is another value in each build"),
    _pattern("LM-LNT-022", ("python",), r"\b(?:uuid\.uuid[14]|uuid[14]|secrets\.\w+|os\.urandom|random\.(?:random|randint|choice|shuffle|sample|randrange|getrandbits))\s*\(", "{}) is another value in each build"),
    _pattern("LM-LNT-022", ("javascript", "flags"), r"\bMath\.random\(\)|\brandomUUID\(\)|\brandomBytes\(", "{} is another value in each build"),
    _pattern("LM-LNT-022", ("jvm",), r"\bMath\.random\(\)|\bUUID\.randomUUID\(\)|\bnew Random\(\)", "{} is another value in each build"),
    _pattern("LM-LNT-022", ("cmake",), r"(?i)\bstring\s*\(\s*(?:RANDOM|UUID)\b", "{} is another value in each build", r"RANDOM_SEED"),
    # the machine
    _pattern("LM-LNT-023", _SHELLS, r"(?:\$\(|`|\$\(shell\s+)\s*(?:hostname|whoami|id\s+-un|uname\s+-[anr]+|nproc|logname)\b|\$\{?(?:HOSTNAME|USER|LOGNAME)\b", "{} tells the machine or the user", r"runs-on|nproc[^)]*\)?\s*$|-j\s*[\"']?\$\(\s*nproc"),
    _pattern("LM-LNT-023", ("python",), r"\b(?:socket\.gethostname|getpass\.getuser|os\.getlogin|os\.uname|platform\.node)\s*\(", "{}) tells the machine or the user"),
    _pattern("LM-LNT-023", ("javascript",), r"\bos\.(?:hostname|userInfo)\(\)", "{} tells the machine or the user"),
    _pattern("LM-LNT-023", ("cmake",), r"(?i)\bsite_name\s*\(|cmake_host_system_information\s*\([^)]*(?:HOSTNAME|FQDN)", "{} tells the machine"),
    _pattern("LM-LNT-024", (*_ALL_SCRIPTS, "c"), r"(?<![\w.:/$}@])/(?:home|Users)/[\w.-]+|\b[A-Z]:\\Users\\[\w.-]+", "the path {} exists on one machine only", r"/home/(?:runner|vsts|circleci|node|user|app|linuxbrew)\b"),
    _pattern("LM-LNT-025", _ALL_SCRIPTS, r"-m(?:arch|tune|cpu)=native\b|target-cpu[= ]+native\b|-xHost\b|/arch:native\b", "{} builds for the processor of the machine"),
    # order and archives
    _pattern("LM-LNT-026", ("python",), r"\b(?:os\.listdir|os\.scandir|glob\.i?glob)\s*\(|\.(?:iterdir|r?glob)\s*\(", "{}) gives files in the order of the disk", r"sorted\s*\(|\.sort\(|\b(?:any|all|len|set|sum)\s*\("),
    _pattern("LM-LNT-026", ("shell", "make", "container"), r"\bfind\b[^|;&]*\|\s*(?:xargs|tar|zip|cpio|cat|while)\b|\bls\s+-[a-zA-Z]*U", "{} gives files in the order of the disk", r"\|\s*(?:LC_ALL=\S+\s+)?sort\b"),
    _pattern("LM-LNT-027", ("shell", "make", "container"), r"\btar\s+(?:--?[a-zA-Z-]+\s+)*-?[a-zA-Z]*c[a-zA-Z]*f?\b(?=\s)", "{} packs times, owners and the order of the disk", r"--sort=name.*--mtime|--mtime.*--sort=name|\btar\s+-?[xt]"),
    _pattern("LM-LNT-027", ("shell", "make"), r"(?<![\w./-])zip\s+(?!.*-[a-zA-Z]*X)-?[\w./ -]+", "{} packs times and owners", r"\b(?:unzip|gunzip|bzip)\b|strip-nondeterminism|\|\s*zip|^\s*\w*zip\w*\s*[:=]"),
    _pattern("LM-LNT-027", ("shell", "make"), r"(?<![\w.-])gzip\s+(?!.*(?:-\w*[nd]|--no-name|--decompress))(?=[-\w$\"./])", "{} packs the name and time of the file", r"strip-nondeterminism|\btar\b"),
    # what the build asks its surroundings
    _pattern("LM-LNT-028", _ALL_SCRIPTS, r"\bgit\s+(?:describe|rev-parse|log|show|rev-list)\b", "{} needs a history that the sealed build does not have", r"rev-parse\s+--(?:show-toplevel|git-dir)"),
    # inputs
    _pattern("LM-LNT-013", ("ci",), r"^\s*-?\s*uses:\s*[\"']?(?!\./|docker://)[\w.-]+/[\w./-]+(?!@[0-9a-f]{40}\b)@[^\s\"'#]+", "{}: a tag or branch of an action can be moved", r"@[0-9a-f]{40}\b"),
    _pattern("LM-LNT-012", ("ci",), r"^\s*(?:-\s*)?(?:image|container|name):\s*[\"']?[\w.-]+(?:[./:][\w./:-]*)+[\w-]+[\"']?\s*(?:#.*)?$", "{}: a tag of an image can be moved", r"@sha256:|\$|^\s*-?\s*name:(?!.*[\w.-]+\.[a-z]+/)|\{\{"),
    _pattern("LM-LNT-012", ("shell", "make", "ci"), r"\b(?:docker|podman)\s+(?:run|pull|create)\b(?:\s+-{1,2}[\w-]+(?:[= ][^\s-]\S*)?)*\s+[\"']?[\w.-]+(?:/[\w.-]+)*:[\w.-]+", "{}: a tag of an image can be moved", r"@sha256:"),
    _pattern("LM-LNT-017", ("cmake",), r"(?i)\bGIT_TAG\s+(?![0-9a-f]{40}\b)[^\s)]+", "{} is a tag or branch that can be moved"),
    _pattern("LM-LNT-016", ("cmake",), r"(?i)\bURL\s+https?://\S+", "{} is fetched without a hash", r"URL_HASH|EXPECTED_HASH"),
)  # fmt: skip

BY_KIND: dict[FileKind, tuple[Pattern, ...]] = {}
for _each in PATTERNS:
    for _kind in _each.kinds:
        BY_KIND[_kind] = (*BY_KIND.get(_kind, ()), _each)
