"""Check a release bundle with nothing but Python: one reading of docs/spec, written without Lotmark.

    python3 verify_bundle.py BUNDLE.zip TRUST.json [ARTIFACT]

TRUST.json comes from somebody whom you trust, never from the bundle. Exit 0 if every step holds, 6 if one does not. Less than
`lotmark verify`: it does not decide again, takes the roles of people from the records, judges no time stamps, and refuses P-256 keys,
ML-DSA-44 (second log key, witness), thresholds of root persons, compromised keys, groups of witnesses, another log key than yours.
"""

import base64, hashlib, json, re, sys, zipfile  # noqa: E401

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")
PERSONAL = {"approval", "approval-withdrawal", "delegation", "waiver", "waiver-closure"}
KNOWN = {"lotmarkTrust", "origin", "logKey", "roots", "witnesses", "quorum", "timestampRoots"}


def need(holds, what):
    if not holds:
        raise ValueError(what)


# --- Ed25519 (RFC 8032 section 5.1), points as (X, Y, Z, T)
def decode(data):
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    need(len(data) == 32 and y < P and x * x % P == square and (x or not sign), "not a point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def add(p, q):
    a, b, c, d = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0]), 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        total, point, scalar = (add(total, point) if scalar & 1 else total), add(point, point), scalar >> 1
    return total


def ed25519(key, message, signature):
    s = int.from_bytes(signature[32:], "little")
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little")
    left, right = times(s, decode(b"\x58" + b"\x66" * 31)), add(decode(signature[:32]), times(challenge, decode(key)))
    return len(signature) == 64 and s < ORDER and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


# --- JSON without duplicate members, digests, the Merkle tree of RFC 6962 section 2.1
def parse(data):
    return json.loads(data, object_pairs_hook=lambda pairs: need(len(dict(pairs)) == len(pairs), "a JSON member stands twice") or dict(pairs))


def sha256(data):
    return hashlib.sha256(data).digest()


def tree(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:]))


def read_archive(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        need(names == sorted(set(names)) and all(map(NAME.fullmatch, names)), "the archive holds a name that it may not")
        need(all(item.compress_type == 0 for item in archive.infolist()), "the archive is compressed")
        return {name: archive.read(name) for name in names}


def check_manifest(files):
    manifest = parse(files["manifest.json"])
    listed = {item["path"]: item["sha256"] for item in manifest["files"]}
    need(manifest["lotmarkBundle"] == 1 and set(listed) == set(files) - {"manifest.json"}, "the manifest does not list every file and nothing else")
    for name, digest in listed.items():
        right = sha256(files[name]).hex() == digest and (not name.startswith("blobs/") or name == "blobs/sha256/" + digest)
        need(right, f"{name} is not what the manifest says")
    return manifest


def signed_by(note, vkey):
    """Whether the key of a C2SP vkey has signed the note: type 1 is Ed25519, type 4 a witness's cosignature with its time."""
    name, digest, key = vkey.split("+", 2)
    key, (text, _, lines) = base64.b64decode(key), note.decode().partition("\n\n")
    need(sha256(name.encode() + b"\n" + key)[:4].hex() == digest and key[0] in (1, 4), f"ask `lotmark verify` about the key of {name}")
    for _dash, signer, blob in (line.split(" ") for line in lines.splitlines()):
        raw = base64.b64decode(blob)
        if signer == name and raw[:4].hex() == digest:
            time = b"cosignature/v1\ntime %d\n" % int.from_bytes(raw[4:-64], "big") if key[0] == 4 else b""
            need(ed25519(key[1:], time + text.encode() + b"\n", raw[-64:]), f"the signature of {name} on the checkpoint does not hold")
            return True
    return False


def check_log(files, manifest, size, root):
    """The records by index, each the one of its header; every header is in the tree, so what is left out shows."""
    lines = files["log/headers"].split(b"\n")[:-1]
    need(len(lines) == int(size) and base64.b64encode(tree([sha256(b"\0" + line) for line in lines])).decode() == root, "the headers do not give the root")
    records, product, here = {}, manifest["product"], {int(name[10:].split("-")[0]): name for name in files if name.startswith("envelopes/")}
    mine = {f"run:{manifest['run']}", f"product:{product}", f"release:{product}@{manifest['version']}"}
    for index, header in enumerate(map(parse, lines)):
        if index not in here:
            need(header["kind"] != "key-event" and header["scope"] not in mine, f"entry {index}, a {header['kind']}, is left out")
            continue
        envelope = parse(files[here.pop(index)])
        payload = base64.b64decode(envelope["payload"])
        stored = files[f"envelopes/{index:04}-{header['kind']}.json"]
        for data, named in ((stored, header["envelope"]), (payload, header["payload"])):
            need(sha256(data) == base64.urlsafe_b64decode(named + "="), f"the record of entry {index} is not the one of its header")
        records[index] = header["kind"], payload, envelope
    need(not here, "there are records beyond the end of the log")
    return records


def check_signatures(records, trust):
    """The statements by index, each signed by a key that counted there. Keys come from key events alone, the first root from the caller."""
    keys, found = {}, {}
    for index, (kind, payload, envelope) in sorted(records.items()):
        (line,), statement = envelope["signatures"], parse(payload)
        event = statement["predicate"]
        if index == 0:
            need(event["event"] == "genesis" and event["key"]["publicKey"] in trust["roots"], "the log does not begin with a root key that you trust")
            keys[event["key"]["id"]] = {**event["key"], "person": event["person"], "from": 0, "until": len(records) + 10**9}
        key = keys.get(line["keyid"], {"from": 0, "until": 0})
        need(key["from"] <= index < key["until"], f"entry {index}, a {kind}: its key does not count there")
        may_sign = "root" if kind == "key-event" else "person" if kind in PERSONAL else "pipeline"
        need(key["kind"] == may_sign, f"entry {index}: a {key['kind']} key may not sign a {kind}")
        message = b"DSSEv1 %d %s %d %s" % (len(envelope["payloadType"]), envelope["payloadType"].encode(), len(payload), payload)
        need(key["algorithm"] == "ed25519", f"entry {index}: ask `lotmark verify` about {key['algorithm']}")
        need(ed25519(base64.b64decode(key["publicKey"]), message, base64.b64decode(line["sig"])), f"entry {index}, a {kind}: the signature does not hold")
        if kind == "key-event" and index:
            need(event["event"] in ("enrol", "rotate", "revoke", "lost"), f"entry {index}: ask `lotmark verify` what a {event['event']} event means")
            fresh = {"enrol": event["key"], "rotate": event.get("successor")}.get(event["event"])
            need(fresh is None or fresh["id"] not in keys, f"entry {index}: the key was enrolled before")
            if event["event"] != "enrol":
                keys[event["key"]["id"]]["until"] = index + (1 + event["overlap"] if event["event"] == "rotate" else 0)
            if fresh:
                keys[fresh["id"]] = {**fresh, "person": event["person"], "from": index + 1, "until": len(records) + 10**9}
        found[index] = {**event, "kind": kind, "payload": sha256(payload).hex(), "key": key, "subject": statement["subject"]}
    return found


def check_names(files, records):
    """Every opened name is the one to which a signed record commits: SHA-256 over its salt and itself."""
    said = b"".join(payload for kind, payload, _ in records.values() if kind in PERSONAL | {"key-event", "retention-event"})
    for name in parse(files["names/openings.json"])["openings"] if "names/openings.json" in files else []:
        digest = base64.urlsafe_b64encode(sha256(base64.b64decode(name["salt"]) + name["value"].encode()))[:43]
        need(b'"commitment:%s"' % digest in said and name["commitment"][11:].encode() == digest, f"no signature commits to {name['value']}")


def check_release(found, files, manifest):
    """The digest of the artifact that was decided on, signed by people and released."""
    last = {record["kind"]: record for record in found.values()}
    decision, closed, release = last["decision"], last["run-closed"], last["release-manifest"]
    digest = decision["artifact"]["sha256"]
    need(decision["verdict"] == "accepted" and closed["outcome"] == manifest["outcome"] == "released", "the release was not accepted")
    need((decision["product"], decision["version"]) == (manifest["product"], manifest["version"]), "the decision is about another release")
    need(release["subject"][0]["digest"]["sha256"] == digest == sha256(files["blobs/sha256/" + digest]).hex(), "the artifact is not the one decided on")
    signed = {r["payload"]: r for r in found.values() if r["kind"] == "approval" and r["record"]["payload"] == decision["payload"]}
    named = [signed[approval["payload"]] for approval in release["approvals"]]
    persons = {r["key"]["person"]["id"] for r in named}
    need(all(r["signer"]["person"] == r["key"]["person"]["id"] and r["artifact"]["sha256"] == digest for r in named), "a person signed for somebody else")
    need(len(persons) >= sum(rule["count"] for rule in decision["required"]), "fewer people signed than the decision asks for")
    return digest, sorted(persons)


def main(bundle, trust_file, artifact=None):
    trust, files = parse(open(trust_file, "rb").read()), read_archive(bundle)
    manifest, note = check_manifest(files), files["log/checkpoint"]
    print(f"1-2 the archive is safe, its {len(files) - 1} files are those of the manifest")
    origin, size, root = note.decode().split("\n")[:3]
    need(set(trust) <= KNOWN, f"ask `lotmark verify` about {', '.join(sorted(set(trust) - KNOWN))} in the trust file")
    need(origin == trust["origin"] and signed_by(note, trust["logKey"]), "the checkpoint is not signed by the log that you trust")
    cosigned = sum(signed_by(note, vkey) for vkey in set(trust["witnesses"]))
    need(cosigned >= trust["quorum"], f"{cosigned} witnesses have cosigned the checkpoint, you ask for {trust['quorum']}")
    print(f"3   the checkpoint of {size} entries is signed by {origin} and {cosigned} witnesses")
    records = check_log(files, manifest, size, root)
    print(f"4   {len(records)} records are in the log, and none is left out")
    digest, people = check_release(check_signatures(records, trust), files, manifest)
    check_names(files, records)
    print(f"5   every record is signed by a key that counted; {', '.join(people)} signed the decision")
    need(not artifact or sha256(open(artifact, "rb").read()).hex() == digest, "the file is not the artifact of this release")
    print(f"6   {manifest['product']} {manifest['version']} was released: sha256 {digest}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (ValueError, KeyError, TypeError, OSError, IndexError, zipfile.BadZipFile) as error:
        sys.exit(print(f"refused: {error}") or 6)
