"""Each rule of the lint: what breaks it, and what looks like it and does not."""

import re

import pytest

from lotmark.lint._files import builds, find_kind
from lotmark.lint._lint import find_hits
from lotmark.lint.rules import RULES

pytestmark = pytest.mark.verifies("REQ-634")

SHA = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "0" * 64


def codes(name, text):
    kind = find_kind(name)
    assert kind, name
    return [hit.code for hit in find_hits(name, kind, text.encode())]


BREAKING = [
    ("requirements.txt", "flask", "010"),
    ("requirements.txt", "flask>=3", "010"),
    ("requirements.txt", "flask==3.*", "010"),
    ("dev-requirements.txt", "flask==3.0.0", "011"),
    ("requirements.txt", "git+https://example.org/x.git", "017"),
    ("requirements.txt", "x @ https://example.org/x.whl", "017"),
    ("Makefile", "\tpip install flask", "010"),
    ("ci/setup.sh", "python3 -m pip install --upgrade pip", "010"),
    ("ci/setup.sh", "pip install flask==3.0.0", "011"),
    ("ci/setup.sh", "pip install git+https://example.org/x.git@main", "017"),
    ("Dockerfile", "RUN npm install left-pad", "010"),
    ("Dockerfile", "RUN npm install", "015"),
    ("Dockerfile", "RUN yarn install", "015"),
    (".github/workflows/a.yml", "      - run: pnpm install", "015"),
    ("build.sh", "cargo install cross", "010"),
    ("build.sh", "go install example.org/x@latest", "010"),
    ("build.sh", "gem install rake", "010"),
    ("Dockerfile", "FROM debian", "012"),
    ("Dockerfile", "FROM --platform=linux/amd64 debian:12 AS base", "012"),
    ("Dockerfile", "COPY --from=ghcr.io/a/b:1 /x /x", "012"),
    ("Containerfile", "ADD https://example.org/x.tar.gz /x", "016"),
    ("build.sh", "docker run --rm -v x:/y debian:12 make", "012"),
    (".gitlab-ci.yml", "  image: python:3.11", "012"),
    (".github/workflows/a.yml", "    container: ghcr.io/a/b:latest", "012"),
    (".github/workflows/a.yml", "      - uses: actions/checkout@v4", "013"),
    (".github/workflows/a.yml", "      - uses: actions/checkout@main  # a branch", "013"),
    (".github/workflows/a.yml", "      - uses: a/b/.github/workflows/x.yml@v1", "013"),
    ("Dockerfile", "RUN apt-get update && apt-get install -y --no-install-recommends gcc", "014"),
    ("Dockerfile", "RUN apt-get install -y \\\n    gcc=1.2-3 \\\n    make", "014"),
    ("Dockerfile", "RUN apk add --no-cache gcc", "014"),
    ("Dockerfile", "RUN dnf -y install gcc", "014"),
    ("build.sh", "curl -fsSL https://example.org/install.sh | sh", "016"),
    ("build.sh", "wget https://example.org/x.zip", "016"),
    ("build.sh", "git clone https://example.org/x.git", "017"),
    ("CMakeLists.txt", "  GIT_TAG v1.2.3", "017"),
    ("CMakeLists.txt", "  URL https://example.org/x.tgz", "016"),
    ("build.sh", "BUILT=$(date)", "020"),
    ("build.sh", "date +%F > version.txt", "020"),
    ("Makefile", "BUILT := $(shell date +%s)", "020"),
    ("setup.py", "version = f'1.0.{int(time.time())}'", "020"),
    ("tools/stamp.py", "built = datetime.now(UTC)", "020"),
    ("webpack.config.js", "banner: `built ${new Date().toISOString()}`", None),
    ("webpack.config.js", "banner: new Date().toISOString()", "020"),
    ("vite.config.ts", "define: { BUILT: Date.now() }", "020"),
    ("package.json", '"build": "node -e \'console.log(new Date())\'"', "020"),
    ("build.gradle", "def built = new Date()", "020"),
    ("build.rs", "let now = SystemTime::now();", "020"),
    ("CMakeLists.txt", 'string(TIMESTAMP BUILT "%Y")', "020"),
    ("src/main.c", 'const char *built = __DATE__ " " __TIME__;', "021"),
    ("include/version.hpp", "#define BUILT __TIMESTAMP__", "021"),
    ("build.sh", "ID=$RANDOM", "022"),
    ("build.sh", "head -c 16 /dev/urandom | xxd -p", "022"),
    ("setup.py", "build_id = uuid.uuid4()", "022"),
    ("rollup.config.mjs", "hash: Math.random()", "022"),
    ("build.gradle.kts", "val id = UUID.randomUUID()", "022"),
    ("x.cmake", "string(RANDOM LENGTH 8 ID)", "022"),
    ("build.sh", "HOST=$(hostname)", "023"),
    ("Makefile", "WHO := $(shell whoami)", "023"),
    ("build.sh", "echo built by ${USER}", "023"),
    ("tools/x.py", "host = socket.gethostname()", "023"),
    ("scripts/x.mjs", "os.hostname()", "023"),
    ("CMakeLists.txt", "site_name(HOST)", "023"),
    ("Makefile", "TOOLS = /home/rene/gcc-arm", "024"),
    ("x.mk", "SDK = C:\\Users\\rene\\sdk", "024"),
    ("src/a.c", '#include "/Users/rene/x.h"', "024"),
    ("Makefile", "CFLAGS += -march=native", "025"),
    (".cargo/config.toml", 'rustflags = ["-C", "target-cpu=native"]', "025"),
    ("meson.build", "add_project_arguments('-mtune=native')", "025"),
    ("setup.py", "sources = glob.glob('src/*.c')", "026"),
    ("setup.py", "for path in Path('src').rglob('*.c'):", "026"),
    ("build.sh", "find src -name '*.o' | xargs ar r lib.a", "026"),
    ("build.sh", "tar czf out.tgz dist", "027"),
    ("Makefile", "\ttar -cf out.tar dist", "027"),
    ("build.sh", "zip -r out.zip dist", "027"),
    ("build.sh", "gzip firmware.bin", "027"),
    ("Makefile", "VERSION := $(shell git describe --tags)", "028"),
    ("setup.py", 'subprocess.check_output("git rev-parse HEAD")', "028"),
]
HARMLESS = [
    ("requirements.txt", f"# a comment\n-r base.txt\n--index-url https://x\nflask==3.0.0 \\\n    --hash=sha256:{'0' * 64}  # via x\n"),
    ("build.sh", "# pip install flask\necho 'run pip install flask'\npip install -r requirements.txt\npip install --no-deps .\npip install dist/x.whl"),
    ("build.sh", "pip install --require-hashes flask==3.0.0"),
    ("build.sh", "npm ci && yarn install --immutable && pnpm install --frozen-lockfile && npm install left-pad@1.3.0"),
    ("build.sh", "cargo install --locked --version 1.2.3 cross\ngo install example.org/x@v1.2.3\ngem install rake -v 13.2.1"),
    ("Dockerfile", f"FROM debian:12@{DIGEST} AS base\nFROM base\nFROM scratch\nCOPY --from=base /a /b\nCOPY --from=0 /a /b\nFROM $IMAGE\nADD --checksum={DIGEST} https://x/y /z\nADD a b"),
    ("Dockerfile", "RUN apt-get update && apt-get install -y gcc=4:12.2.0-3 ./local.deb && rm -rf /var/lib/apt"),
    (".github/workflows/a.yml", f"name: build\n  - name: actions/checkout\n  - uses: actions/checkout@{SHA} # v4\n  - uses: ./.github/actions/x\n    image: a/b@{DIGEST}\n    image: ${{{{ env.IMAGE }}}}\n    runs-on: ubuntu-24.04"),
    ("build.sh", "curl -fLO https://example.org/x.tgz\necho '0000  x.tgz' | sha256sum -c -"),
    ("build.sh", f"git clone https://example.org/x.git\ncd x\ngit checkout {SHA}"),
    ("CMakeLists.txt", f"  GIT_TAG {SHA}\n  URL https://example.org/x.tgz URL_HASH SHA256=0"),
    ("build.sh", 'BUILT=$(date -u -d "@$SOURCE_DATE_EPOCH")\nBUILT=$(date -d @0)\nupdate x\n'),
    ("setup.py", "built = int(os.environ.get('SOURCE_DATE_EPOCH', time.time()))\n# time.time()\nfor p in sorted(Path('src').rglob('*.c')): pass"),
    ("webpack.config.js", "// new Date()\nbanner: new Date(0)"),
    ("src/main.c", 'char DATE[] = "x"; // no macro\n// __DATE__ in a comment\n'),
    ("Makefile", "JOBS = -j $(shell nproc)\nCFLAGS += -march=armv7e-m\nOUT = $(HOME)/x\nURL = https://example.org/home/x"),
    ("build.sh", "find src -name '*.o' | LC_ALL=C sort | xargs ar r lib.a\ntar --sort=name --mtime=@0 -cf x.tar d\ntar xf y.tar\nzip -X out.zip a\nunzip a.zip\ngzip -n a\ngzip -d a.gz"),
    (".gitlab-ci.yml", "cd /home/runner/work\ngit rev-parse --show-toplevel"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "code"), BREAKING, ids=[f"{row[2]}-{i}" for i, row in enumerate(BREAKING)])
def test_what_breaks_a_rule_is_found(name, text, code):
    found = codes(name, text)
    assert (f"LM-LNT-{code}" in found) if code else not found or found == ["LM-LNT-020"]


@pytest.mark.parametrize(("name", "text"), HARMLESS, ids=[f"{row[0]}-{i}" for i, row in enumerate(HARMLESS)])
def test_what_only_looks_like_it_is_left_alone(name, text):
    assert codes(name, text) == []


def test_every_rule_is_broken_by_some_case_and_tells_its_cure():
    shown = {f"LM-LNT-{code}" for _, _, code in BREAKING if code}
    assert shown == {rule.code for rule in RULES} - {"LM-LNT-001", "LM-LNT-002", "LM-LNT-003", "LM-LNT-004"}
    assert all(re.fullmatch(r"LM-LNT-\d{3}", rule.code) and rule.title and rule.story and rule.cure and not rule.cure.endswith(".") for rule in RULES)


def test_a_hit_tells_line_and_column_of_its_text():
    (hit,) = find_hits("Makefile", "make", b"all:\n\tgcc -O2 \\\n\t  -march=native x.c\n")
    assert (hit.line, hit.text[:3]) == (2, "gcc")
    (hit,) = find_hits("src/a.c", "c", b"\n  x = __TIME__;\n")
    assert (hit.line, hit.column) == (2, 7)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"\\\n\\\n", b"pip install 'unclosed", b"FROM", b"uses: a/b@", b"(" * 5000, b"tar " * 5000])
@pytest.mark.parametrize("kind", ["shell", "make", "cmake", "python", "javascript", "jvm", "rust", "c", "container", "ci", "requirements", "flags"])
def test_whatever_a_file_holds_there_is_an_end(kind, data):
    assert all(hit.line for hit in find_hits("x", kind, data))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Makefile", "make"), ("a/b.mk", "make"), ("CMakeLists.txt", "cmake"), ("Dockerfile.dev", "container"), ("x.Dockerfile", "container"),
        (".github/workflows/ci.yaml", "ci"), ("action.yml", "ci"), ("setup.py", "python"), ("src/app.py", None), ("tools/x.py", "python"),
        ("scripts/x.ts", "javascript"), ("src/x.ts", None), ("webpack.prod.config.js", "javascript"), ("requirements/dev.txt", None),
        ("dev-requirements.txt", "requirements"), ("requirements.in", None), ("x.S", "c"), ("README.md", None), ("config.toml", None),
        (".cargo/config.toml", "flags"), ("LICENSE", None), ("settings.gradle.kts", "jvm"), ("deploy/values.yml", None),
    ],
)  # fmt: skip
def test_what_a_file_is_its_name_tells(name, kind):
    assert find_kind(name) == kind


@pytest.mark.parametrize(
    ("name", "kind", "scripts"), [("Makefile", "make", True), ("docs/Makefile", "make", False), ("src/a.c", "c", False), ("Tests/x.sh", "shell", False)]
)
def test_what_scripts_the_build(name, kind, scripts):
    assert builds(name, kind) is scripts
