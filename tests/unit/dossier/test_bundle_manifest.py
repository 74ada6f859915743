"""The manifest and the proofs of a bundle have one form each; whatever else is there is refused before it is used."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError
from lotmark.dossier._bundle_manifest import ALLOWED, REQUIRED, EntryProof, format_manifest, format_proofs, parse_manifest, parse_proofs
from lotmark.dossier.models import BundleFile, Manifest

pytestmark = pytest.mark.verifies("REQ-022", "RC-001")

HEX = "ab" * 32
FILES = (BundleFile("VERIFY.md", HEX, 10), BundleFile("dossier.html", "cd" * 32, 0), BundleFile("log/headers", HEX, 2**40))
MANIFEST = Manifest("qpcr", "1.4.0", "qpcr:RUN-0001", "released", "example.org/log", 43, FILES)
GOOD = format_manifest(MANIFEST)
WIRE = json.loads(GOOD)


def refusal(data: bytes, parse=parse_manifest) -> IntegrityError:
    with pytest.raises(IntegrityError) as caught:
        parse(data)
    assert caught.value.solution
    assert caught.value.where
    return caught.value


def written(wire: dict) -> bytes:
    """The one form of other values, as a forger who knows the form would write it."""
    files = tuple(BundleFile(file["path"], file["sha256"], file["size"]) for file in wire["files"])
    return format_manifest(Manifest(wire["product"], wire["version"], wire["run"], wire["outcome"], wire["log"]["origin"], wire["log"]["size"], files))


def test_a_manifest_goes_through_its_bytes():
    assert parse_manifest(GOOD) == MANIFEST
    assert GOOD.isascii()
    lines = [line.strip().rstrip(",") for line in GOOD.decode().splitlines() if "sha256" in line]
    assert [json.loads(line)["path"] for line in lines] == [item.path for item in FILES], "one file a line: sed and sha256sum can read it"


def test_each_byte_of_a_manifest_follows_from_its_values():
    for position in range(len(GOOD)):
        for bit in (1, 32):
            changed = GOOD[:position] + bytes([GOOD[position] ^ bit]) + GOOD[position + 1 :]
            try:
                found = parse_manifest(changed)
            except IntegrityError:
                continue
            assert found != MANIFEST, (position, bit)


def test_each_truncation_and_each_addition_is_refused():
    for length in range(len(GOOD)):
        assert refusal(GOOD[:length]).code == "LM-DOS-003"
    for more in (b"\n", b" ", b"{}", b"\0"):
        assert refusal(GOOD + more).code == "LM-DOS-003"
        assert refusal(more + GOOD).code == "LM-DOS-003"


def change(**values):
    return {**WIRE, **values}


def file(number: int = 0, **values):
    return [{**item, **values} if place == number else item for place, item in enumerate(WIRE["files"])]


SHAPES = {
    "another version of the form": change(lotmarkBundle=2),
    "version as text": change(lotmarkBundle="1"),
    "version as fraction": change(lotmarkBundle=1.0),
    "one field more": change(comment="fine"),
    "no product": {name: value for name, value in WIRE.items() if name != "product"},
    "no outcome": {name: value for name, value in WIRE.items() if name != "outcome"},
    "no files": {name: value for name, value in WIRE.items() if name != "files"},
    "no log": {name: value for name, value in WIRE.items() if name != "log"},
    "empty product": change(product=""),
    "empty run": change(run=""),
    "empty outcome": change(outcome=""),
    "log without origin": change(log={"size": 43}),
    "log with a root": change(log={**WIRE["log"], "root": HEX}),
    "log of size 0": change(log={**WIRE["log"], "size": 0}),
    "log of negative size": change(log={**WIRE["log"], "size": -1}),
    "log of a fraction": change(log={**WIRE["log"], "size": 4.5}),
    "files as mapping": change(files={item["path"]: item["sha256"] for item in WIRE["files"]}),
    "a file without digest": change(files=[{"path": "VERIFY.md", "size": 1}]),
    "a file with two digests": change(files=file(md5="00")),
    "a digest in capitals": change(files=file(sha256=HEX.upper())),
    "a short digest": change(files=file(sha256=HEX[:-1])),
    "a digest with a line end": change(files=file(sha256=HEX + "\n")),
    "a digest with a prefix": change(files=file(sha256=f"sha256:{HEX}")),
    "a negative size": change(files=file(size=-1)),
    "a size as text": change(files=file(size="10")),
    "a size as truth": change(files=file(size=True)),
    "an empty path": change(files=file(path="")),
    "a path beyond its limit": change(files=file(path="V" * 501)),
    "a run of another product": change(run="pump:RUN-0001"),
    "a run without product": change(run="RUN-0001"),
    "a product of another run": change(product="pump"),
    "a file twice": change(files=[WIRE["files"][0], *WIRE["files"]]),
    "files out of order": change(files=WIRE["files"][::-1]),
    "two files changed places": change(files=[WIRE["files"][1], WIRE["files"][0], WIRE["files"][2]]),
}


@pytest.mark.attack("P12")
@pytest.mark.parametrize("wire", SHAPES.values(), ids=SHAPES)
def test_p12_a_manifest_of_another_shape_is_malformed(wire):
    """Written with care: only the shape is wrong."""
    try:
        data = written(wire)
    except (KeyError, TypeError, AttributeError):
        data = json.dumps(wire).encode()
    if data == GOOD:  # what the writer cannot write stands in plain JSON
        data = json.dumps(wire).encode()
    error = refusal(data)
    assert error.code == "LM-DOS-003"
    assert "MANIFEST_MALFORMED" in error.reason


FORMS = {
    "compact": json.dumps(WIRE, separators=(",", ":")).encode(),
    "plain": json.dumps(WIRE).encode(),
    "indented": json.dumps(WIRE, indent=1).encode(),
    "sorted": json.dumps(WIRE, sort_keys=True).encode(),
    "CRLF": GOOD.replace(b"\n", b"\r\n"),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "a key twice": GOOD.replace(b'"product"', b'"product": "other",\n "product"'),
    "an escape": GOOD.replace(b"qpcr", b"\\u0071pcr"),
    "not UTF-8": GOOD.replace(b"released", b"\xff"),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "exponent": GOOD.replace(b"43", b"4.3e1"),
    "nothing": b"",
}


@pytest.mark.attack("P01")
@pytest.mark.attack("P05")
@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_p01_p05_the_same_values_in_another_form_are_malformed(data):
    assert refusal(data).code == "LM-DOS-003"


@pytest.mark.attack("P12")
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        *((path, True) for path in REQUIRED),
        ("dossier.pdf", True),
        ("envelopes/0001-sbom.json", True),
        ("envelopes/12345-run-opened.json", True),
        (f"blobs/sha256/{HEX}", True),
        ("manifest.json", False),
        ("envelopes/001-sbom.json", False),
        ("envelopes/0001-Sbom.json", False),
        ("envelopes/0001-.json", False),
        ("envelopes/0001-a--b.json", False),
        ("envelopes/0001-sbom.json.exe", False),
        ("envelopes/0001-sbom.json\n", False),
        ("envelopes/sub/0001-sbom.json", False),
        (f"blobs/sha256/{HEX[:-1]}", False),
        (f"blobs/sha256/{HEX.upper()}", False),
        (f"blobs/sha512/{HEX}", False),
        (f"blobs/sha256/ab/{HEX}", False),
        ("log/headers.bak", False),
        ("trust/roots.json", False),
        ("dossier.htm", False),
        ("../VERIFY.md", False),
        ("/VERIFY.md", False),
        ("verify.md", False),
        ("", False),
    ],
)
def test_p12_only_these_paths_may_stand_in_a_bundle(path, allowed):
    assert bool(ALLOWED.match(path)) is allowed


# ---- proofs

PROOF = EntryProof(3, (b"\1" * 32, b"\2" * 32), (Digest(HEX),))
PROOFS = format_proofs(43, b"\3" * 32, [(PROOF, "envelopes/0003-sbom.json", b"\4" * 32)])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**40),
    st.binary(max_size=32),
    st.lists(
        st.tuples(st.integers(0, 2**40), st.lists(st.binary(max_size=33), max_size=3), st.lists(st.binary(max_size=3), max_size=2)),
        max_size=3,
        unique_by=lambda item: item[0],
    ),
)
def test_proofs_go_through_their_bytes(size, root, entries):
    made = [EntryProof(index, tuple(proof), tuple(Digest.of(blob) for blob in blobs)) for index, proof, blobs in entries]
    (read_size, read_root), proofs = parse_proofs(format_proofs(size, root, [(proof, "p", b"") for proof in made]))
    assert (read_size, read_root) == (size, root)
    assert proofs == {proof.index: proof for proof in made}


def entry(**values):
    wire = json.loads(PROOFS)
    return {**wire, "entries": [{**wire["entries"][0], **values}]}


PROOF_SHAPES = {
    "a list": [],
    "no size": {name: value for name, value in json.loads(PROOFS).items() if name != "size"},
    "no root": {name: value for name, value in json.loads(PROOFS).items() if name != "root"},
    "negative size": {**json.loads(PROOFS), "size": -1},
    "root that is no base64": {**json.loads(PROOFS), "root": "!"},
    "root as list": {**json.loads(PROOFS), "root": []},
    "negative index": entry(index=-1),
    "index as text": entry(index="3"),
    "proof as text": entry(proof=base64.b64encode(b"\1" * 32).decode()),
    "proof that is no base64": entry(proof=["AAA"]),
    "proof of null": entry(proof=[None]),
    "blob in capitals": entry(blobs=[HEX.upper()]),
    "blob with a prefix": entry(blobs=[f"sha256:{HEX}"]),
    "one field more": entry(note=""),
}


@pytest.mark.attack("L19")
@pytest.mark.parametrize("wire", PROOF_SHAPES.values(), ids=PROOF_SHAPES)
def test_l19_proofs_of_another_shape_prove_nothing(wire):
    error = refusal(json.dumps(wire).encode(), parse_proofs)
    assert error.code == "LM-DOS-014"
    assert "PROOF_INVALID" in error.reason
