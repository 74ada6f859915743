"""XML of others: what is read, and what is refused before it can do harm."""

import pytest

from lotmark.base.errors import IntegrityError, RefusedError, UsageError
from lotmark.base.limits import Limits
from lotmark.intake.api import XML_LIMITS, XmlScanner, parse_xml

pytestmark = pytest.mark.verifies("REQ-052", "RC-001")


def refusal(data, **options):
    with pytest.raises(UsageError) as caught:
        parse_xml(data.encode() if isinstance(data, str) else data, what="r.xml", **options)
    return caught.value


def test_a_document_becomes_a_tree_with_lines():
    root = parse_xml(b'<?xml version="1.0"?>\n<a x="1">one<b/>two\n<c y="2">three</c></a>\n')
    assert (root.name, root.namespace, root.attributes, root.line, root.text) == ("a", "", {"x": "1"}, 2, "one")
    assert [(child.name, child.line, child.text, child.tail) for child in root.children] == [("b", 2, "", "two\n"), ("c", 3, "three", "")]
    assert root.all_text() == "onetwo\nthree"
    assert [element.name for element in root.walk()] == ["a", "b", "c"]


def test_children_are_found_by_local_name():
    root = parse_xml(b"<a><b>1</b><c/><b>2</b></a>")
    assert (root.find("b").text, root.find("d")) == ("1", None)
    assert [child.text for child in root.find_all("b")] == ["1", "2"]


def test_namespaces_are_resolved_whatever_the_prefix():
    root = parse_xml(b'<p:a xmlns:p="urn:one" xmlns="urn:two" p:k="v" k="w"><b/></p:a>')
    assert (root.name, root.namespace, root.attributes) == ("a", "urn:one", {"{urn:one}k": "v", "k": "w"})
    assert (root.children[0].name, root.children[0].namespace) == ("b", "urn:two")


def test_comments_and_instructions_say_nothing_and_cdata_is_text():
    root = parse_xml(b"<?do this?><a>1<!-- 2 -->3<?do that?><![CDATA[<4>]]>&lt;&#53;</a>")
    assert (root.text, root.children) == ("13<4><5", [])


@pytest.mark.parametrize(
    "data",
    [
        "\ufeff<a>ü</a>".encode(),
        "<a>ü</a>".encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-16"?><a/>'.decode().encode("utf-16-le"),
        "<a>ü</a>".encode("utf-16-be"),
        "<?xml version='1.0' encoding='ISO-8859-1'?><a>ü</a>".encode("latin-1"),
        '<?xml version="1.0" encoding="windows-1252"?><a>€</a>'.encode("cp1252"),
        '<?xml version="1.0" encoding="Shift_JIS"?><a>テ</a>'.encode("shift_jis"),
    ],
    ids=["UTF-8 with mark", "UTF-16 with mark", "UTF-16LE declared", "UTF-16BE", "Latin-1", "Windows", "Shift JIS"],
)
def test_the_encodings_of_real_producers_are_read(data):
    assert parse_xml(data).name == "a"


ENCODINGS = {
    "not UTF-8": b"<a>\n\xff</a>",
    "declared UTF-16 but is not": b'<?xml version="1.0" encoding="UTF-16"?><a/>',
    "executing codec": b'<?xml version="1.0" encoding="unicode_escape"?><a/>',
    "inflating codec": b'<?xml version="1.0" encoding="zlib"?><a/>',
    "UTF-7": b'<?xml version="1.0" encoding="utf-7"?><a/>',
    "unknown": b'<?xml version="1.0" encoding="x-none"?><a/>',
    "half a UTF-16": "<a/>".encode("utf-16")[:-1],
}


@pytest.mark.attack("P05")
@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
def test_p05_another_encoding_than_told_is_refused(data):
    assert refusal(data).code == "LM-INT-004"


def test_the_line_of_a_wrong_byte_is_told():
    assert refusal(ENCODINGS["not UTF-8"]).where == "r.xml:2"


LAUGHS = "<!DOCTYPE a [" + "<!ENTITY l0 'ha'>" + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12)) + "]><a>&l11;</a>"
FORBIDDEN = {
    "billion laughs": LAUGHS,
    "quadratic blow-up": f"<!DOCTYPE a [<!ENTITY x '{'y' * 50_000}'>]><a>{'&x;' * 50_000}</a>",
    "external entity": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    "external parameter entity": "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1/x'> %x;]><a/>",
    "external document type": "<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'><a/>",
    "public document type": "<!DOCTYPE a PUBLIC '-//X' 'a.dtd'><a/>",
    "empty document type": "<!DOCTYPE a><a/>",
    "attribute default": "<!DOCTYPE a [<!ATTLIST a x CDATA 'y'>]><a/>",
    "behind a comment": "<?xml version='1.0'?><!-- x -->\n<!DOCTYPE a><a/>",
    "in UTF-16": "<!DOCTYPE a><a/>".encode("utf-16"),
    "cut off": "<!DOCTYPE a [<!ENTITY x 'y",
}


@pytest.mark.attack("P07")
@pytest.mark.parametrize("data", FORBIDDEN.values(), ids=FORBIDDEN)
def test_p07_a_document_type_is_refused_before_anything_grows(data):
    error = refusal(data)
    assert (error.code, error.where.startswith("r.xml:")) == ("LM-INT-009", True)


@pytest.mark.attack("P07")
@pytest.mark.parametrize("depth", [65, 100_000])
def test_p07_nesting_is_bounded(depth):
    assert parse_xml(b"<a>" * 64 + b"</a>" * 64).name == "a"
    error = refusal(b"<a>" * depth + b"</a>" * depth)
    assert (error.code, error.where) == ("LM-INT-005", "r.xml:1:193")


def test_bytes_and_elements_are_bounded():
    limits = Limits(max_bytes=100, max_depth=8, max_items=3)
    assert len(parse_xml(b"<a><b/><b/></a>", limits).children) == 2
    assert refusal(b"<a><b/><b/><b/></a>", limits=limits).code == "LM-INT-006"
    assert refusal(b"<a>" + b" " * 100 + b"</a>", limits=limits).code == "LM-INT-006"
    assert XML_LIMITS.max_depth == 64


BROKEN = {
    "nothing": "",
    "white space": "  \n",
    "text": "hello",
    "unbound prefix": "<p:a/>",
    "undefined entity": "<a>&nbsp;</a>",
    "two roots": "<a/><a/>",
    "attribute twice": "<a x='1' x='2'/>",
    "same attribute under two prefixes": "<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>",
    "crossed tags": "<a><b></a></b>",
    "NUL": "<a>\0</a>",
    "control": "<a>&#1;</a>",
    "text behind": "<a/>x",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_not_well_formed_is_refused_whole(data):
    assert refusal(data).code == "LM-INT-008"


@pytest.mark.parametrize("data", ["<a>", "<a><b/>", "<a><![CDATA[x", "<a", "<a x='"])
def test_a_document_that_ends_in_the_middle_is_refused(data):
    assert refusal(data).code in {"LM-INT-008", "LM-INT-010"}
    assert refusal("<a><b/>").code == "LM-INT-010"


def test_the_root_may_be_asked_for():
    assert parse_xml(b"<a/>", root=frozenset({"a", "b"})).name == "a"
    error = refusal("<c/>", root=frozenset({"a", "b"}))
    assert (error.code, error.where) == ("LM-INT-008", "r.xml:1")
    assert "<c>, not <a> or <b>" in error.reason


def test_the_error_is_of_the_class_that_was_asked_for():
    with pytest.raises(RefusedError):
        parse_xml(b"", error=RefusedError)
    with pytest.raises(IntegrityError, match="the XML text: "):
        parse_xml(b"<!DOCTYPE a>", error=IntegrityError)


class Tape:
    """A handler that writes down what it hears."""

    def __init__(self):
        self.heard = []

    def start(self, name, attributes):
        self.heard.append((name, self.scanner.depth, self.scanner.line, self.scanner.column))
        self.scanner.listen(name == "t")

    def end(self, name):
        self.heard.append(f"/{name}")

    def text(self, text):
        self.heard.append(text)


def tape(data, **options):
    handler = Tape()
    handler.scanner = XmlScanner(handler, what="r.xml", error=UsageError)
    handler.scanner.scan(data, **options)
    return handler.heard


def test_a_scanner_tells_events_as_they_come_and_text_only_on_demand():
    assert tape(b"<a>no<t>yes</t>yes\n<p:u>no</p:u></a>") == [("a", 1, 1, 1), ("t", 2, 1, 6), "yes", "/t", "yes\n", ("p:u", 2, 2, 1), "/p:u", "/a"]


def test_one_may_look_at_the_text_before_it_is_parsed():
    seen = []
    tape("<a>ü</a>".encode("utf-16"), look=seen.append)
    assert seen == ["<a>ü</a>".encode()]

    def stop(_text):
        raise KeyError

    with pytest.raises(KeyError):
        tape(b"<!DOCTYPE a>", look=stop)


def test_an_error_of_the_handler_comes_through():
    class Stop(Tape):
        def end(self, name):
            raise KeyError(name)

    handler = Stop()
    handler.scanner = XmlScanner(handler, what="r.xml")
    with pytest.raises(KeyError):
        handler.scanner.scan(b"<a/>")
