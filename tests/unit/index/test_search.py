"""The audit trail searched: who, what, when, why; filters, order, and cells that no spreadsheet runs."""

import csv
import io

import pytest

from fakes.index_world import IndexWorld
from lotmark.base.errors import UsageError
from lotmark.index._search import COLUMNS
from lotmark.index.api import Index, Search, format_csv, search_log

pytestmark = pytest.mark.verifies("REQ-094", "RC-092", "HAZ-090")


def indices(index: Index, **wanted) -> list[int]:
    return [each["index"] for each in search_log(index, Search(**wanted))]


def test_every_entry_is_found_in_log_order(index: Index, shared: IndexWorld):
    assert indices(index) == list(range(shared.ledger.size))


def test_an_entry_says_who_what_when_and_why(index: Index):
    (waiver,) = search_log(index, Search(kind="waiver"))
    assert tuple(waiver) == COLUMNS
    assert (waiver["who"], waiver["kind"], waiver["scope"]) == ("Quinn Example", "waiver", "product:qpcr")
    assert waiver["receivedAt"].endswith("Z")
    assert waiver["what"]
    assert waiver["why"]
    assert len(waiver["payload"]) == 64


def kinds(index: Index, **wanted) -> set[str]:
    return {each["kind"] for each in search_log(index, Search(**wanted))}


@pytest.mark.parametrize("person", ["Quinn Example", "quinn", "QUINN EX"])
def test_by_person_whatever_the_case(index: Index, person: str):
    assert {"approval", "waiver", "key-event"} <= kinds(index, person=person)
    assert "test-run" not in kinds(index, person=person)


def test_by_kind_and_by_scope(index: Index):
    assert kinds(index, kind="approval") == {"approval"}
    assert {each["scope"] for each in search_log(index, Search(scope="product:qpcr"))} == {"product:qpcr"}
    assert {each["scope"].partition(":")[0] for each in search_log(index, Search(scope="run:"))} == {"run"}
    assert indices(index, scope="run") == [], "a part of a scope is none"
    assert indices(index, kind="approva") == []


def test_by_text_in_what_and_why(index: Index):
    assert "approval" in kinds(index, text="I LOOKED at everything")
    assert indices(index, text="no such words") == []


def test_filters_narrow_together(index: Index):
    assert kinds(index, person="rene", kind="approval", text="looked") == {"approval"}
    assert indices(index, person="rene", kind="waiver") == []


def test_from_an_index_on(index: Index, shared: IndexWorld):
    assert indices(index, start=shared.ledger.size - 2) == [shared.ledger.size - 2, shared.ledger.size - 1]


def test_by_time_of_receipt(index: Index):
    times = [each["receivedAt"] for each in search_log(index, Search())]
    middle = times[len(times) // 2]
    later, before = search_log(index, Search(begin=middle)), search_log(index, Search(end=middle))
    assert [each["receivedAt"] for each in later] == [time for time in times if time >= middle]
    assert [each["receivedAt"] for each in before] == [time for time in times if time < middle]
    assert len(search_log(index, Search(begin="2026-11-23", end="2026-11-23"))) == len(times), "a day is whole"
    assert search_log(index, Search(begin="2026-11-24")) == []
    assert search_log(index, Search(end="2026-11-22")) == []


@pytest.mark.parametrize("value", ["yesterday", "2026-1-1", "2026-11-23T12:00", "2026-11-23T12:00:00+01:00", "2026-11-23 ", "'; DROP TABLE entries"])
@pytest.mark.parametrize("name", ["begin", "end"])
def test_what_is_no_time_is_refused(index: Index, name: str, value: str):
    with pytest.raises(UsageError) as caught:
        search_log(index, Search(**{name: value}))
    assert caught.value.code == "LM-IDX-007"


@pytest.mark.parametrize(("sort", "column"), [("time", "receivedAt"), ("who", "who"), ("kind", "kind"), ("scope", "scope"), ("index", "index")])
def test_sorted_both_ways(index: Index, sort, column: str):
    there = [each[column] for each in search_log(index, Search(sort=sort))]
    back = [each[column] for each in search_log(index, Search(sort=sort, newest_first=True))]
    assert back == there[::-1]
    assert [each for each in there if each != "not verified"] == sorted(each for each in there if each != "not verified")


def test_no_more_than_asked_for(index: Index):
    assert indices(index, limit=3) == [0, 1, 2]
    assert indices(index, limit=1, newest_first=True) == [max(indices(index))]


def test_percent_and_underscore_are_themselves(index: Index):
    assert indices(index, person="%") == []
    assert indices(index, text="_____") == []


class TestCsv:
    def entry(self, **told):
        return dict.fromkeys(COLUMNS, "") | told

    def cells(self, **told):
        return next(iter(csv.DictReader(io.StringIO(format_csv([self.entry(**told)])))))

    def test_it_reads_back_as_it_was(self, index: Index):
        entries = search_log(index, Search())
        read = list(csv.DictReader(io.StringIO(format_csv(entries))))
        assert [row["payload"] for row in read] == [each["payload"] for each in entries]
        assert [int(row["index"]) for row in read] == [each["index"] for each in entries]

    def test_no_entry_is_a_header_line(self):
        assert format_csv([]) == ",".join(COLUMNS) + "\r\n"

    @pytest.mark.parametrize(
        "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "  =1", " @x", "＝1", "\u00a0=1"]
    )
    def test_no_cell_is_a_formula(self, text: str):
        assert self.cells(why=text, what="said " + text)["why"] == f"'{text}"

    @pytest.mark.parametrize("text", ["a=1", "quinn@example.org", "2026-11-23", "", "'quoted", "é", "line\nfeed", 'quo"te', "a,b"])
    def test_other_texts_stay_as_they_are(self, text: str):
        assert self.cells(what=text)["what"] == text

    def test_nothing_is_an_empty_cell(self):
        assert self.cells(why=None)["why"] == ""
