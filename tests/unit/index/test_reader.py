"""Only verified evidence comes out; the rest is None or an error."""

import pytest

from fakes.index_world import MYSTERY, REGISTRY, IndexWorld
from fakes.ledger import policy
from lotmark.base.errors import IntegrityError
from lotmark.index.api import VerifiedReader

pytestmark = pytest.mark.verifies("REQ-023")


@pytest.fixture
def reader(world: IndexWorld) -> VerifiedReader:
    return VerifiedReader(world.ledger, policy(), REGISTRY)


def test_unknown_kinds_are_found_as_none_and_passed_over(world: IndexWorld, reader: VerifiedReader):
    position = world.add(MYSTERY.name, {})
    assert reader.find(world.ledger.entry(position)) is None
    assert position not in {entry.index for entry in reader.entries()}


def test_a_second_look_costs_nothing_unless_it_is_not_wanted(world: IndexWorld, reader: VerifiedReader):
    entry = world.ledger.entry(4)
    kept = reader.verify(entry)
    assert reader.verify(entry) is kept
    other = world.ledger.entry(3)
    assert reader.find(other, keep=False) is not reader.find(other, keep=False)


def test_entries_are_narrowed(world: IndexWorld, reader: VerifiedReader):
    world.run()
    assert [entry.kind for entry in reader.entries(scope="run:qpcr:RUN-0001")] == ["run-opened"]
    assert [entry.index for entry in reader.entries(kind="waiver")] == [4]
    assert list(reader.entries(wanted=lambda _: False)) == []


def test_a_signature_by_nobody_known_is_an_error(world: IndexWorld, reader: VerifiedReader):
    position = world.waive("WVR-0002", by="mallory")
    with pytest.raises(IntegrityError):
        reader.verify(world.ledger.entry(position))


def test_kinds_have_titles(reader: VerifiedReader):
    assert reader.title("vulns") == "Known vulnerabilities of the components"
    assert reader.title("mystery") == "mystery"
