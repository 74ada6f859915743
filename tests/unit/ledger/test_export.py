"""The log as C2SP tlog-tiles: exported bit by bit, never changed, and checked tile by tile from the checkpoint down."""

from dataclasses import replace

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, clock, founding, note, policy
from fakes.note_signers import NoteKey
from fakes.objects import MemoryObjects
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError
from lotmark.ledger import api
from lotmark.tlog import api as tlog
from lotmark.tlog.models import KeyType, Tile

pytestmark = pytest.mark.verifies("REQ-061", "RC-003", "HAZ-001")


def trusted(trust):
    """Which checkpoints count: those that the log key of the policy signed."""
    return lambda note: api.verify_log_checkpoint(note, [trust.log_key], origin=trust.origin)


KEYS = trusted(policy())
BATCHES = [2, 3, 250, 1, 1, 300, 3]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A log of 560 entries whose sizes were 2, 5, 255, 256, 257, 557 and 560."""
    with api.create_ledger(tmp_path_factory.mktemp("log") / "ledger", ORIGIN, signer("log"), clock()) as made:
        made.append(founding())
        for number, count in enumerate(BATCHES[1:]):
            made.append([note(f"{number}/{entry}") for entry in range(count)])
        yield made


class Earlier:
    """The log as it was at an earlier size: what an export made then saw of it."""

    def __init__(self, ledger, size):
        self._ledger, self.size, self.origin = ledger, size, ledger.origin

    def checkpoint(self, size=None):
        return self._ledger.checkpoint(self.size if size is None else size)

    def __getattr__(self, name):
        return getattr(self._ledger, name)


SIZES = [0, 2, 5, 255, 256, 257, 557, 560]


def export(ledger, size, target):
    return api.export_tiles(Earlier(ledger, size), target, KEYS)


@pytest.fixture(scope="module")
def whole(ledger):
    target = MemoryObjects()
    export(ledger, 560, target)
    return target.objects


def copy(objects):
    target = MemoryObjects()
    target.objects = dict(objects)
    return target


@pytest.mark.parametrize("size", SIZES)
def test_an_export_has_every_tile_and_bundle_of_its_size(ledger, size):
    target = MemoryObjects()
    summary = export(ledger, size, target)
    tiles = {*tlog.full_tiles(size), *tlog.edge_tiles(size), *tlog.entry_bundles(size)}
    assert set(target.objects) == {"checkpoint", *map(tlog.format_tile_path, tiles)}
    assert (summary.origin, summary.size, summary.tiles + summary.bundles) == (ORIGIN, size, len(tiles))
    assert target.objects["checkpoint"] == ledger.checkpoint(size)
    report = api.check_tiles(target, KEYS)
    assert (report.is_sound, report.size, report.root) == (True, size, summary.root)
    assert report.bundles == summary.bundles


@pytest.mark.parametrize("first,second", [(0, 2), (2, 5), (5, 255), (255, 256), (255, 257), (256, 257), (257, 560), (557, 560), (560, 560)])
def test_an_export_goes_on_where_the_last_one_stopped(ledger, first, second):
    target = MemoryObjects()
    export(ledger, first, target)
    before = {name: data for name, data in target.objects.items() if name != "checkpoint"}
    export(ledger, second, target)
    assert target.objects.items() >= before.items(), "what was exported has changed"
    assert api.check_tiles(target, KEYS).is_sound
    again = dict(target.objects)
    summary = export(ledger, second, target)
    assert (summary.tiles, summary.bundles, target.objects) == (0, 0, again)


def test_entries_are_the_headers_so_that_anybody_can_hash_them(ledger, whole):
    entries = tlog.parse_entries(whole["tile/entries/001"], Tile(tlog.ENTRIES, 1))
    assert entries == tuple(entry.header_bytes for entry in ledger.entries(256, 512))


def test_an_export_into_a_folder_can_be_served(ledger, tmp_path):
    target = api.ObjectFolder(tmp_path / "export")
    export(ledger, 257, target)
    assert (tmp_path / "export/tile/0/000").stat().st_size == 8192
    assert (tmp_path / "export/tile/entries/001.p/1").is_file()
    assert api.check_tiles(target, KEYS).is_sound


def test_cosignatures_go_out_with_the_checkpoint(ledger):
    witness = NoteKey("w1.example", KeyType.COSIGNATURE)
    line = tlog.cosign(tlog.parse_note(ledger.checkpoint(255)).text, witness, 1_700_000_000)
    api.attach_cosignature(ledger, 255, line)
    target = MemoryObjects()
    export(ledger, 255, target)
    assert api.check_witnesses(target.objects["checkpoint"], replace(policy(), witnesses=(witness.vkey,), quorum=1)).is_quorum
    assert api.check_tiles(target, KEYS).is_sound


@pytest.mark.parametrize("size", [5, 256])
def test_partial_tiles_that_were_deleted_are_made_again(ledger, size):
    """The specification allows to delete a partial tile once the full one is there."""
    target = MemoryObjects()
    export(ledger, size, target)
    for name in [name for name in target.objects if ".p/" in name]:
        del target.objects[name]
    export(ledger, 560, target)
    assert api.check_tiles(target, KEYS).is_sound


def test_a_reader_takes_the_full_tile_where_the_partial_one_is_gone(ledger):
    old, target = MemoryObjects(), MemoryObjects()
    export(ledger, 255, old)
    export(ledger, 560, target)
    target.objects["checkpoint"] = old.objects["checkpoint"]
    assert api.check_tiles(target, KEYS).is_sound


@pytest.mark.attack("L07")
def test_l07_a_shorter_log_does_not_overwrite_the_export_of_a_longer_one(ledger, whole):
    target = copy(whole)
    with pytest.raises(IntegrityError) as caught:
        export(ledger, 257, target)
    assert caught.value.code == "LM-LED-115"
    assert target.objects == whole


def test_the_export_of_another_log_is_left_as_it_is(ledger, tmp_path):
    with api.create_ledger(tmp_path / "other", "other.example/log", signer("log"), clock()) as other:
        target = MemoryObjects()
        api.export_tiles(other, target, trusted(policy(origin="other.example/log")))
    before = dict(target.objects)
    with pytest.raises(IntegrityError, match="the place holds another log") as caught:
        export(ledger, 257, target)
    assert (caught.value.code, target.objects) == ("LM-LED-111", before)


@pytest.mark.attack("L08")
@pytest.mark.parametrize("size", [2, 5, 8])
def test_l08_another_history_under_the_same_key_is_a_fork(ledger, tmp_path, size):
    with api.create_ledger(tmp_path / "other", ORIGIN, signer("log"), clock()) as other:
        target = MemoryObjects()
        other.append([note(f"other {number}") for number in range(size)])
        api.export_tiles(other, target, KEYS)
    before = dict(target.objects)
    with pytest.raises(IntegrityError, match="FORK") as caught:
        export(ledger, 560, target)
    assert (caught.value.code, target.objects) == ("LM-LED-116", before)


def test_a_tile_that_is_there_with_other_bytes_is_never_overwritten(ledger):
    target = MemoryObjects()
    export(ledger, 5, target)
    target.objects["tile/0/000"] = bytes(8192)
    with pytest.raises(IntegrityError, match="OBJECT_DIFFERS"):
        export(ledger, 560, target)
    assert target.objects["tile/0/000"] == bytes(8192)
    assert target.objects["checkpoint"] == ledger.checkpoint(5)


def test_a_changed_partial_tile_stops_the_export(ledger):
    target = MemoryObjects()
    export(ledger, 5, target)
    target.objects["tile/0/000.p/5"] = bytes(32 * 5)
    with pytest.raises(IntegrityError, match="TILE_MISMATCH") as caught:
        export(ledger, 560, target)
    assert caught.value.code == "LM-LED-140"


def test_a_ledger_whose_entries_do_not_give_the_root_is_not_exported(ledger):
    class Lying(Earlier):
        def entries(self, start=0, end=None, **more):
            for entry in self._ledger.entries(start, end, **more):
                yield replace(entry, leaf_hash=bytes(32)) if entry.index == 300 else entry

    target = MemoryObjects()
    with pytest.raises(IntegrityError, match="ROOT_MISMATCH") as caught:
        api.export_tiles(Lying(ledger, 560), target, KEYS)
    assert (caught.value.code, target.objects) == ("LM-LED-102", {})


class Full(MemoryObjects):
    """A place that takes so many objects."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def put_new(self, name, data):
        if name not in self.objects and len(self.objects) >= self.room:
            raise EnvironmentLacksError("LM-LED-004", "no space left")
        super().put_new(name, data)


@pytest.mark.parametrize("room", [3, 4, 7, 9])
def test_a_place_that_runs_full_is_not_published_and_the_next_export_goes_on(ledger, room):
    target = Full(room)
    export(ledger, 2, target)
    with pytest.raises(EnvironmentLacksError):
        export(ledger, 560, target)
    assert target.objects["checkpoint"] == ledger.checkpoint(2)
    assert api.check_tiles(target, KEYS).is_sound
    target.room = 99
    export(ledger, 560, target)
    assert api.check_tiles(target, KEYS).is_sound


# ---- checking


def found(target, **options):
    return [(finding.code, finding.message) for finding in api.check_tiles(target, trusted(options.pop("trust", policy())), **options).findings]


@pytest.mark.attack("L18")
@pytest.mark.parametrize("position", [0, 31, 32, -1])
def test_l18_each_altered_tile_or_bundle_is_named(whole, position):
    for name in sorted(set(whole) - {"checkpoint"}):
        target = copy(whole)
        data = bytearray(target.objects[name])
        data[position % len(data)] ^= 0x80
        target.objects[name] = bytes(data)
        codes = found(target)
        assert codes, name
        assert {code for code, _ in codes} == {"LM-LED-140"}
        assert any(name in message and "TILE_MISMATCH" in message for _, message in codes), (name, codes)


@pytest.mark.attack("L18")
@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: b"", lambda d: d[32:], lambda d: d + bytes(32)])
def test_l18_each_cut_or_longer_tile_is_named(whole, change):
    for name in sorted(set(whole) - {"checkpoint"}):
        target = copy(whole)
        target.objects[name] = change(target.objects[name])
        assert any(name in message for _, message in found(target)), name


@pytest.mark.attack("L18")
def test_l18_each_missing_tile_is_named(whole):
    for name in sorted(set(whole) - {"checkpoint"}):
        target = copy(whole)
        del target.objects[name]
        assert any(name.split(".p")[0] in message for _, message in found(target)), name


@pytest.mark.attack("L18")
def test_l18_two_tiles_exchanged_are_both_named(whole):
    target = copy(whole)
    one, two = "tile/0/000", "tile/0/001"
    target.objects[one], target.objects[two] = target.objects[two], target.objects[one]
    assert {message.split(": ")[1] for _, message in found(target)} == {one, two}


def test_an_entry_that_is_no_header_is_found_even_under_a_good_root(tmp_path):
    """A log of somebody else: its tree holds, its entries are not ours."""
    key = NoteKey(ORIGIN)
    leaves = [b"not a header"]
    root = tlog.tree_root([tlog.leaf_hash(leaf) for leaf in leaves])
    target = MemoryObjects()
    target.objects = {
        "checkpoint": tlog.sign_checkpoint(tlog.parse_checkpoint(f"{ORIGIN}\n1\n{__import__('base64').b64encode(root).decode()}\n"), key),
        "tile/0/000.p/1": tlog.leaf_hash(leaves[0]),
        "tile/entries/000.p/1": tlog.format_entries(leaves),
    }
    assert [code for code, _ in found(target, trust=replace(policy(), log_key=key.vkey))] == ["LM-LED-105"]


def test_a_checkpoint_that_another_key_signed_ends_the_check(whole):
    with pytest.raises(IntegrityError) as caught:
        api.check_tiles(copy(whole), trusted(policy(signer("somebody"))))
    assert caught.value.code == "LM-LED-111"


def test_without_a_checkpoint_there_is_nothing_to_judge():
    with pytest.raises(NothingToJudgeError):
        api.check_tiles(MemoryObjects(), KEYS)


@pytest.mark.parametrize("size", [0, 5, 256, 560])
def test_checkpoints_that_were_seen_are_continued(ledger, whole, size):
    report = api.check_tiles(copy(whole), KEYS, seen=[ledger.checkpoint(size)])
    assert (report.is_sound, report.seen) == (True, 1)


@pytest.mark.attack("L07")
def test_l07_a_mirror_that_is_behind_what_was_seen_is_a_rollback(ledger):
    target = MemoryObjects()
    export(ledger, 257, target)
    assert [code for code, _ in found(target, seen=[ledger.checkpoint(557)])] == ["LM-LED-115"]


@pytest.mark.attack("L08")
@pytest.mark.parametrize("size", [1, 2, 300])
def test_l08_a_mirror_of_another_history_than_was_seen_is_a_fork(whole, tmp_path, size):
    with api.create_ledger(tmp_path / "other", ORIGIN, signer("log"), clock()) as other:
        other.append([note(f"other {number}") for number in range(size)])
        seen = other.checkpoint()
    assert [code for code, _ in found(copy(whole), seen=[seen])] == ["LM-LED-116"]


def test_what_hangs_under_a_bad_tile_does_not_hide_the_rest(ledger, whole):
    target = copy(whole)
    target.objects["tile/0/000"] = bytes(8192)
    target.objects["tile/entries/001"] = target.objects["tile/entries/001"][:-1]
    names = {message.split(": ")[1] for _, message in found(target, seen=[ledger.checkpoint(257)])}
    assert names == {"tile/0/000", "tile/entries/001"}


@pytest.mark.attack("L18")
def test_l18_without_the_edge_nothing_is_judged(whole):
    """A missing partial tile of which no full one is there: from the edge all else hangs."""
    target = copy(whole)
    del target.objects["tile/1/000.p/2"]
    report = api.check_tiles(target, KEYS)
    assert [(finding.code, finding.message.split(":")[0]) for finding in report.findings] == [("LM-LED-140", "TILE_MISMATCH")]
    assert report.bundles == 0


def test_what_hangs_under_a_bad_upper_tile_is_not_taken_for_good(tmp_path):
    """257 full tiles of level 0: the full tile of level 1 above them is changed, so none of them can be judged."""
    leaves = [tlog.leaf_hash(bytes([number % 256, number // 256 % 256, number // 65536])) for number in range(65_536 + 256)]
    writer = tlog.TileWriter()
    target = MemoryObjects()
    for leaf in leaves:
        for tile, data in writer.append(leaf):
            target.objects[tlog.format_tile_path(tile)] = data
    for tile, hashes in writer.edge().items():
        target.objects[tlog.format_tile_path(tile)] = b"".join(hashes)
    key = NoteKey(ORIGIN)
    from lotmark.tlog.models import Checkpoint

    target.objects["checkpoint"] = tlog.sign_checkpoint(Checkpoint(ORIGIN, len(leaves), tlog.tree_root(leaves)), key)
    target.objects["tile/1/000"] = bytes(8192)
    report = api.check_tiles(target, trusted(replace(policy(), log_key=key.vkey)))
    named = [finding.message.split(": ")[1] for finding in report.findings]
    assert named == ["tile/1/000", "there is no object tile/entries/256"]
