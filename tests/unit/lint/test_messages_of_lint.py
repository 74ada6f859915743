"""What a hit says, word by word: code, line, column and message of each form in which a cause is written."""

import pytest

from lotmark.lint._commands import logical_lines
from lotmark.lint._files import find_kind
from lotmark.lint._lint import find_hits

pytestmark = pytest.mark.verifies("REQ-634")

SHA = "0123456789abcdef0123456789abcdef01234567"
SHORT = SHA[:39]
DIGEST = "sha256:" + "0" * 64


def hits(name: str, text: str) -> list[tuple[str, int, str]]:
    kind = find_kind(name)
    assert kind
    return [(hit.code[-3:], hit.line, hit.message) for hit in find_hits(name, kind, text.encode())]


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("apt-get install -y gcc", "014", "apt-get takes whatever version of gcc there is"),
        ("apt install gcc make", "014", "apt takes whatever version of gcc, make there is"),
        ("apt-get -qq install a1 b2 c3 d4 e5", "014", "apt-get takes whatever version of a1, b2, c3, d4 there is"),
        ("apt-get install gcc=4:12.2.0-3 make", "014", "apt-get takes whatever version of make there is"),
        ("apk add --no-cache gcc make~4", "014", "apk takes whatever version of gcc there is"),
        ("dnf install -y gcc", "014", "dnf takes whatever version of gcc there is"),
        ("yum install gcc make-4.3-8.el9", "014", "yum takes whatever version of gcc there is"),
        ("microdnf install gcc", "014", "microdnf takes whatever version of gcc there is"),
        ("pip install flask", "010", "pip takes whatever version of flask there is"),
        ("pip3 install 'flask>=3'", "010", "pip takes whatever version of flask>=3 there is"),
        ("pip install flask~=3.0 jinja2", "010", "pip takes whatever version of flask~=3.0, jinja2 there is"),
        ("python3 -m pip install flask", "010", "pip takes whatever version of flask there is"),
        ("uv pip install flask", "010", "pip takes whatever version of flask there is"),
        ("pip install -r requirements.txt flask", "010", "pip takes whatever version of flask there is"),
        ("pip install flask==3.0.0", "011", "pip takes whatever bytes the index has for that version"),
        ("pip install flask==3.0.0 jinja2", "010", "pip takes whatever version of jinja2 there is"),
        ("pip install git+ssh://git@example.org/x", "017", "pip installs from git, where tags and branches can be moved"),
        ("npm install left-pad", "010", "npm takes whatever version of left-pad there is"),
        ("npm i left-pad@latest", "010", "npm takes whatever version of left-pad@latest there is"),
        ("npm install left-pad@^1.3.0", "010", "npm takes whatever version of left-pad@^1.3.0 there is"),
        ("npm install @scope/pad", "010", "npm takes whatever version of @scope/pad there is"),
        ("npm install", "015", "npm install may change the lock file; `npm ci` holds to it"),
        ("npm i", "015", "npm i may change the lock file; `npm ci` holds to it"),
        ("yarn install", "015", "yarn install may change the lock file; `yarn install --immutable` holds to it"),
        ("pnpm install", "015", "pnpm install may change the lock file; `pnpm install --frozen-lockfile` holds to it"),
        ("pnpm add pad", "010", "pnpm takes whatever version of pad there is"),
        ("yarn add pad", "010", "yarn takes whatever version of pad there is"),
        ("cargo install cross", "010", "cargo install takes whatever version of cross there is"),
        ("cargo install --locked cross", "010", "cargo install takes whatever version of cross there is"),
        ("cargo install --version=1.2.3 cross", "010", "cargo install takes whatever version of cross there is"),
        ("go install example.org/x@latest", "010", "go install takes whatever version of example.org/x@latest there is"),
        ("go install example.org/x@v1.2", "010", "go install takes whatever version of example.org/x@v1.2 there is"),
        ("gem install rake", "010", "gem install takes whatever version of rake there is"),
        ("git clone https://example.org/x.git", "017", "git clone takes whatever the branch is today"),
        ("git clone --branch v1 https://example.org/x.git", "017", "git clone takes whatever the branch is today"),
        ("curl -O https://example.org/x.tgz", "016", "https://example.org/x.tgz is fetched without a hash"),
        ('curl -o x "https://example.org/x?a=1"', "016", "https://example.org/x?a=1 is fetched without a hash"),
        ("wget http://example.org/x", "016", "http://example.org/x is fetched without a hash"),
        (f"curl https://e.org/{'x' * 200}", "016", f"https://e.org/{'x' * 86} is fetched without a hash"),
        ("docker run debian:12 make", "012", "docker run debian:12: a tag of an image can be moved"),
        ("podman pull ghcr.io/a/b:1.0", "012", "podman pull ghcr.io/a/b:1.0: a tag of an image can be moved"),
    ],
)  # fmt: skip
def test_a_command_is_told_with_what_it_takes(command: str, code: str, message: str) -> None:
    assert hits("build.sh", f"#!/bin/sh\n{command}\n") == [(code, 2, message)]


@pytest.mark.parametrize(
    "command",
    [
        "apt-get update",
        "apt-get install",
        "apt-get install -y $PACKAGES",
        "apt-get install -y ./local.deb",
        "apt-get install -y gcc=4:12.2.0-3",
        "apt-get install --download-only",
        "apk add gcc=12.2.1-r4",
        "yum install make-4.3-8.el9",
        "dnf install ./tool-1.0.rpm",
        "pip install -r requirements.txt",
        "pip install -c limits.txt -r requirements.txt",
        "pip install --require-hashes -r requirements.txt",
        "pip install --require-hashes flask==3.0.0",
        "pip install .",
        "pip install ./package",
        "pip install /opt/package",
        "pip install dist/tool-1.0-py3-none-any.whl",
        "pip install -e .",
        "pip install $WHEEL",
        "pip install --target lib -r requirements.txt",
        "npm ci",
        "npm install left-pad@1.3.0",
        "npm install @scope/pad@1.3.0",
        "npm install ./pad.tgz",
        "npm install --offline",
        "npm install --package-lock-only",
        "yarn install --frozen-lockfile",
        "yarn install --immutable",
        "pnpm install --frozen-lockfile",
        "cargo install --locked --version 1.2.3 cross",
        "cargo install --locked --version=1.2.3 cross",
        "go install example.org/x@v1.2.3",
        "gem install rake -v 13.2.1",
        "gem install rake --version 13.2.1",
        "curl --version",
        "curl $URL -o x",
        "curl https://example.org/x | sha256sum -c sums",
        "wget https://example.org/x && gpg --verify x.sig",
        "wget https://example.org/x && cosign verify-blob x",
        "curl -O https://example.org/x; shasum -a 256 -c sums",
        f"git clone https://example.org/x.git && git -C x checkout {SHA}",
        f"git clone https://example.org/x.git && git -C x reset --hard {SHA}",
        "echo 'then run pip install flask'",
        "printf 'npm install left-pad'",
        "die 'curl https://example.org/x failed'",
        "warn 'apt-get install gcc first'",
        "# pip install flask",
        f"docker run debian@{DIGEST} make",
        f"docker run debian:12@{DIGEST} make",
        "docker build -t product:1 .",
    ],
)
def test_what_takes_nothing_unknown_is_no_hit(command: str) -> None:
    assert hits("build.sh", f"#!/bin/sh\n{command}\n") == []


@pytest.mark.parametrize(
    ("gap", "found"), [(0, []), (3, []), (4, []), (5, ["016"]), (9, ["016"])], ids=["the next line", "four lines on", "five on", "six on", "ten on"]
)
def test_the_check_of_a_download_stands_near_it(gap: int, found: list[str]) -> None:
    text = "curl -O https://example.org/x.tgz\n" + "true\n" * gap + "sha256sum -c sums\n"
    assert [code for code, *_ in hits("build.sh", text)] == found


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"git checkout {SHA}", None),
        (f"git checkout -q {SHA}", None),
        (f"git checkout {SHORT}", "017"),
        ("git checkout main", "017"),
        ("git checkout v1.2.3", "017"),
        (f"git fetch origin {SHA}", None),
        (f"echo {SHA}", "017"),
    ],
)
def test_a_clone_is_held_by_a_whole_commit_alone(line: str, code: str | None) -> None:
    assert [code for code, *_ in hits("build.sh", f"git clone https://e.org/x.git\n{line}\n")] == ([code] if code else [])


@pytest.mark.parametrize(
    ("text", "code", "line", "message"),
    [
        ("FROM debian:12", "012", 1, "debian:12: a tag of an image can be moved"),
        ("from debian", "012", 1, "debian: a tag of an image can be moved"),
        ("# one\n\nFROM a/b:1 AS base\n", "012", 3, "a/b:1: a tag of an image can be moved"),
        ("FROM --platform=linux/arm64 a:1", "012", 1, "a:1: a tag of an image can be moved"),
        ("COPY --chown=1 --from=a:1 /x /y", "012", 1, "a:1: a tag of an image can be moved"),
        ("FROM base\nFROM a AS base", "012", 1, "base: a tag of an image can be moved"),
        ("FROM a@sha256:00 AS first\nFROM second", "012", 2, "second: a tag of an image can be moved"),
        ("ADD https://example.org/x /x", "016", 1, "ADD fetches without a hash"),
        ("add --chmod=755 http://example.org/x /x", "016", 1, "ADD fetches without a hash"),
        ("RUN npm install", "015", 1, "npm install may change the lock file; `npm ci` holds to it"),
        ("RUN true && \\\n    apt-get install gcc", "014", 1, "apt-get takes whatever version of gcc there is"),
    ],
)
def test_a_container_file_is_told_by_line(text: str, code: str, line: int, message: str) -> None:
    assert (code, line, message) in hits("Dockerfile", text)


@pytest.mark.parametrize(
    "text",
    [
        "FROM scratch",
        "FROM Scratch",
        f"FROM debian@{DIGEST}",
        f"FROM debian@{DIGEST} AS base\nFROM BASE AS next\nFROM next",
        "ARG BASE\nFROM $BASE",
        "FROM ${REGISTRY}/a:1",
        "COPY --from=0 /x /y",
        "COPY a b",
        f"ADD --checksum={DIGEST} https://example.org/x /x",
        "ADD local.tar /",
        "# FROM debian",
    ],
)
def test_a_container_file_that_names_digests_is_left_alone(text: str) -> None:
    assert hits("Dockerfile", text) == []


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("flask", "010", "flask takes whatever version there is"),
        ("flask[async]", "010", "flask[async] takes whatever version there is"),
        ("flask>=3,<4", "010", "flask>=3,<4 takes whatever version there is"),
        ("flask~=3.0.0", "010", "flask~=3.0.0 takes whatever version there is"),
        ("flask==3.*", "010", "flask==3.* takes whatever version there is"),
        ("flask==3.0.0,!=3.0.1", "010", "flask==3.0.0,!=3.0.1 takes whatever version there is"),
        ("flask!=3.0.0", "010", "flask!=3.0.0 takes whatever version there is"),
        ("flask ; python_version < '3'", "010", "flask takes whatever version there is"),
        ("flask==3.0.0", "011", "flask==3.0.0 takes whatever bytes the index has for that version"),
        ("flask === 3.0.0", "011", "flask === 3.0.0 takes whatever bytes the index has for that version"),
        ("flask==3.0.0 ; python_version >= '3'", "011", "flask==3.0.0 takes whatever bytes the index has for that version"),
        ("flask==3.0.0  # --hash=sha256:00", "011", "flask==3.0.0 takes whatever bytes the index has for that version"),
        ("./local", "017", "./local comes from no registry"),
        ("/opt/local", "017", "/opt/local comes from no registry"),
        ("x @ git+https://example.org/x", "017", "x @ git+https://example.org/x comes from no registry"),
        ("https://example.org/x.whl", "017", "https://example.org/x.whl comes from no registry"),
    ],
)
def test_a_requirement_is_told_with_what_it_lacks(line: str, code: str, message: str) -> None:
    assert hits("requirements.txt", f"# first\n\n{line}\n") == [(code, 3, message)]


@pytest.mark.parametrize("line", ["", "   ", "# a comment", "-r base.txt", "--hash=sha256:00", "-e .", "a==1 --hash=sha256:00", "a==1 \\\n  --hash=sha256:00"])
def test_a_line_of_requirements_that_takes_nothing(line: str) -> None:
    assert hits("requirements.txt", line) == []


@pytest.mark.parametrize(
    ("name", "text", "code", "column", "message"),
    [
        ("build.sh", "V=$(date +%s)", "020", 3, "$(date reads the clock"),
        ("build.sh", "V=`date`", "020", 3, "`date reads the clock"),
        ("Makefile", "V := $(shell  date +%F)", "020", 6, "$(shell date reads the clock"),
        ("setup.py", "x = time.time()", "020", 5, "time.time() reads the clock"),
        ("setup.py", "x = datetime.utcnow()", "020", 5, "datetime.utcnow() reads the clock"),
        ("setup.py", "x = date.today()", "020", 5, "date.today() reads the clock"),
        ("vite.config.ts", "  a: Date.now(),", "020", 6, "Date.now() reads the clock"),
        ("build.gradle", "def t = Instant.now()", "020", 9, "Instant.now( reads the clock"),
        ("build.gradle", "System.currentTimeMillis()", "020", 1, "System.currentTimeMillis() reads the clock"),
        ("build.rs", "let t = Utc::now();", "020", 9, "Utc::now() reads the clock"),
        ("CMakeLists.txt", "  STRING( timestamp T)", "020", 3, "STRING( timestamp reads the clock"),
        ("a.c", "x = __DATE__;", "021", 5, "__DATE__ puts the time of the build into the artifact"),
        ("a.h", "x = __TIMESTAMP__;", "021", 5, "__TIMESTAMP__ puts the time of the build into the artifact"),
        ("build.sh", "X=$RANDOM", "022", 3, "$RANDOM is another value in each build"),
        ("build.sh", "X=${RANDOM}", "022", 3, "${RANDOM} is another value in each build"),
        ("build.sh", "openssl  rand 16", "022", 1, "openssl rand is another value in each build"),
        ("build.sh", "cat /dev/random", "022", 5, "/dev/random is another value in each build"),
        ("build.sh", "uuidgen > id", "022", 1, "uuidgen is another value in each build"),
        ("setup.py", "secrets.token_hex(8)", "022", 1, "secrets.token_hex() is another value in each build"),
        ("setup.py", "os.urandom(8)", "022", 1, "os.urandom() is another value in each build"),
        ("setup.py", "random.shuffle(x)", "022", 1, "random.shuffle() is another value in each build"),
        ("tools/x.js", "crypto.randomUUID()", "022", 8, "randomUUID() is another value in each build"),
        ("build.gradle", "new Random()", "022", 1, "new Random() is another value in each build"),
        ("x.cmake", "string(UUID X)", "022", 1, "string(UUID is another value in each build"),
        ("build.sh", "H=$(hostname -f)", "023", 3, "$(hostname tells the machine or the user"),
        ("build.sh", "H=$(uname -a)", "023", 3, "$(uname -a tells the machine or the user"),
        ("build.sh", "H=${HOSTNAME}", "023", 3, "${HOSTNAME tells the machine or the user"),
        ("build.sh", "H=$LOGNAME", "023", 3, "$LOGNAME tells the machine or the user"),
        ("setup.py", "getpass.getuser()", "023", 1, "getpass.getuser() tells the machine or the user"),
        ("setup.py", "platform.node()", "023", 1, "platform.node() tells the machine or the user"),
        ("tools/x.js", "os.userInfo()", "023", 1, "os.userInfo() tells the machine or the user"),
        ("x.cmake", "cmake_host_system_information(RESULT x QUERY FQDN)", "023", 1, "cmake_host_system_information(RESULT x QUERY FQDN tells the machine"),
        ("build.sh", "SDK=/home/rene/sdk", "024", 5, "the path /home/rene exists on one machine only"),
        ("setup.py", "X = '/Users/rene/x'", "024", 6, "the path /Users/rene exists on one machine only"),
        ("x.cmake", "set(X C:\\Users\\rene)", "024", 7, "the path C:\\Users\\rene exists on one machine only"),
        ("build.sh", "gcc -mtune=native x.c", "025", 5, "-mtune=native builds for the processor of the machine"),
        ("build.sh", "gcc -mcpu=native x.c", "025", 5, "-mcpu=native builds for the processor of the machine"),
        ("build.sh", "icc -xHost x.c", "025", 5, "-xHost builds for the processor of the machine"),
        (".cargo/config.toml", "target-cpu=native", "025", 1, "target-cpu=native builds for the processor of the machine"),
        ("setup.py", "os.listdir('.')", "026", 1, "os.listdir() gives files in the order of the disk"),
        ("setup.py", "for p in x.iterdir():", "026", 11, ".iterdir() gives files in the order of the disk"),
        ("setup.py", "glob.iglob('*')", "026", 1, "glob.iglob() gives files in the order of the disk"),
        ("build.sh", "ls -U src", "026", 1, "ls -U gives files in the order of the disk"),
        ("build.sh", "git describe --tags", "028", 1, "git describe needs a history that the sealed build does not have"),
        ("build.sh", "git rev-list --count HEAD", "028", 1, "git rev-list needs a history that the sealed build does not have"),
        (".github/workflows/a.yml", "  - uses: a/b@v1", "013", 1, "- uses: a/b@v1: a tag or branch of an action can be moved"),
        (".github/workflows/a.yml", "  - uses: a/b/c@main", "013", 1, "- uses: a/b/c@main: a tag or branch of an action can be moved"),
        (".github/workflows/a.yml", f"  - uses: a/b@{SHORT}", "013", 1, f"- uses: a/b@{SHORT}: a tag or branch of an action can be moved"),
        (".gitlab-ci.yml", "image: python:3.11", "012", 1, "image: python:3.11: a tag of an image can be moved"),
        ("CMakeLists.txt", "GIT_TAG main", "017", 1, "GIT_TAG main is a tag or branch that can be moved"),
        ("CMakeLists.txt", f"GIT_TAG {SHORT}", "017", 1, f"GIT_TAG {SHORT} is a tag or branch that can be moved"),
        ("CMakeLists.txt", "URL https://e.org/x", "016", 1, "URL https://e.org/x is fetched without a hash"),
    ],
)
def test_a_pattern_is_told_with_its_place(name: str, text: str, code: str, column: int, message: str) -> None:
    kind = find_kind(name)
    assert kind
    found = {(hit.code[-3:], hit.line, hit.column, hit.message) for hit in find_hits(name, kind, f"\n{text}\n".encode())}
    assert found == {(code, 2, column, message)}


@pytest.mark.parametrize(
    ("kind", "text", "lines"),
    [
        ("shell", "", []),
        ("shell", "a", [(1, "a")]),
        ("shell", "a\nb\n", [(1, "a"), (2, "b")]),
        ("shell", "a \\\n b\nc", [(1, "a   b"), (3, "c")]),
        ("shell", "a \\\n# note\n b", [(1, "a   b")]),
        ("shell", "# a\n  # b\nc", [(3, "c")]),
        ("shell", "% note\ndnl note\na", [(3, "a")]),
        ("make", "% : x\na", [(1, "% : x"), (2, "a")]),
        ("c", "// a\n/* b\n * c\nd", [(4, "d")]),
        ("c", "# define A", [(1, "# define A")]),
        ("rust", "// a\nb", [(2, "b")]),
        ("python", "// a", [(1, "// a")]),
        ("shell", "a \\", [(1, "a  ")]),
        ("shell", "a\r\nb\r\n", [(1, "a"), (2, "b")]),
        ("shell", "\n\na", [(1, ""), (2, ""), (3, "a")]),
        ("container", "RUN a \\\n  b \\\n  c\nRUN d", [(1, "RUN a    b    c"), (4, "RUN d")]),
    ],
)
def test_lines_are_joined_and_keep_the_number_of_their_first(kind: str, text: str, lines: list[tuple[int, str]]) -> None:
    assert list(logical_lines(text, kind)) == lines  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["build.sh", "Makefile", "Dockerfile", "action.yml", "tox.ini"])
def test_commands_are_looked_for_in_every_kind_of_script(name: str) -> None:
    assert ("010", 1, "pip takes whatever version of flask there is") in hits(name, "RUN pip install flask\n")


def test_the_text_of_a_hit_is_shortened() -> None:
    [hit] = find_hits("build.sh", "shell", f"x=1 # {'y' * 500}\npip install {'z' * 500}\n".encode())
    assert (hit.line, len(hit.text)) == (2, 200)
