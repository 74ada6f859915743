"""render_pdf: the view on paper, PDF/A-3a and PDF/UA-1, the same bytes on every machine.

Only the fonts that come with typst are used, and the time stamp is the view's own. Data is handed over as JSON and only
ever set as text. Typst's text layout has been seen to crash on rare characters, so text is brought to a tested set before.
"""

import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from lotmark.base.clock import parse_instant
from lotmark.base.errors import EnvironmentLacksError
from lotmark.dossier._view_model import DossierView
from lotmark.dossier._view_timeline import witness_sentence
from lotmark.dossier._view_words import instant, visible

TEMPLATE: Final = Path(__file__).with_name("templates") / "dossier.typ"

# Every character of these ranges is set by the fonts that come with typst; a test holds it.
_RANGES: Final = (
    (0x20, 0x7E),
    (0xA0, 0xAC),
    (0xAE, 0x17F),
    (0x192, 0x192),
    (0x218, 0x21B),
    (0x386, 0x386),
    (0x388, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),
    (0x400, 0x45F),
    (0x490, 0x493),
    (0x2010, 0x2015),
    (0x2018, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2030),
    (0x2032, 0x2033),
    (0x2039, 0x203A),
    (0x20AC, 0x20AC),
    (0x2116, 0x2116),
    (0x2122, 0x2122),
    (0x2190, 0x2193),
    (0x2208, 0x2208),
    (0x2212, 0x2212),
    (0x221E, 0x221E),
    (0x2248, 0x2248),
    (0x2260, 0x2260),
    (0x2264, 0x2265),
    (0x25B2, 0x25B2),
    (0x25CB, 0x25CB),
    (0x25CF, 0x25CF),
    (0x2713, 0x2713),
    (0x2717, 0x2717),
    (0xFFFD, 0xFFFD),
)
KNOWN: Final = frozenset(chr(code) for first, last in _RANGES for code in range(first, last + 1))
_LONG: Final = re.compile(r"\S{25,}")
_DIGEST: Final = re.compile(r"(sha256 |must print )?[0-9a-f]{40,64}\Z")
_BREAK: Final = "\u200b"
_RUN: Final = 20
"""Characters of a long word after which a line may break where no mark of the word allows it before."""


def render_pdf(view: DossierView) -> bytes:
    """The document as bytes. The same view gives the same bytes.

    Raises:
        EnvironmentLacksError: LM-DOS-080 if typst is not installed or fails.
    """
    data, checkpoint = pdf_data(view)
    try:
        import typst
    except ImportError as error:
        raise _failed("typst is not installed") from error
    inputs = {"data": msgspec.json.encode(data).decode("utf-8"), "checkpoint": checkpoint}
    fonts = typst.Fonts(include_system_fonts=False)
    try:
        document = typst.compile(
            TEMPLATE,
            root=TEMPLATE.parent,
            font_paths=fonts,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=["a-3a", "ua-1"],
            timestamp=_timestamp(view),
        )
    except BaseException as error:
        # A panic of the compiler is no Exception (pyo3's PanicException); what the user or the system sends is let through.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        raise _failed(str(error).split("\n", 1)[0]) from error
    return document


def _failed(reason: str) -> EnvironmentLacksError:
    return EnvironmentLacksError(
        "LM-DOS-080",
        f"the PDF of the dossier cannot be made: {reason}",
        where="typst",
        solution="the HTML dossier says the same; `pip install --force-reinstall typst` brings the compiler back",
    )


def _timestamp(view: DossierView) -> datetime:
    """When the run was closed, to the second: the document's own time."""
    return parse_instant(view.at).replace(microsecond=0)


def pdf_data(view: DossierView) -> tuple[dict[str, Any], str]:
    """The view as the template reads it, every text in the tested set; and the checkpoint as it is, to be attached."""
    plain: dict[str, Any] = msgspec.to_builtins(view)
    plain["log"].pop("received")
    plain["at"] = instant(plain["at"])
    plain["witness"] = witness_sentence(view.log.witnesses)
    checkpoint = plain["log"]["checkpoint"]
    data = _camel(plain)
    data["replaced"] = not _covered(plain)
    return data, checkpoint


def _camel(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return printable(value) if key == "checkpoint" else breakable(printable(value))
    if isinstance(value, dict):
        return {re.sub(r"_(\w)", lambda match: match[1].upper(), name): _camel(item, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_camel(item, key) for item in value]
    return value


def _covered(value: Any) -> bool:
    if isinstance(value, str):
        return KNOWN.issuperset(unicodedata.normalize("NFC", value).replace("\n", ""))
    if isinstance(value, dict):
        return all(_covered(item) for item in value.values())
    return all(_covered(item) for item in value) if isinstance(value, list | tuple) else True


def printable(text: str) -> str:
    """The text in characters that the fonts hold; any other by its number, ``[U+5F20]``."""
    normal = unicodedata.normalize("NFC", visible(text)).replace("\t", " ")
    return "".join(char if char in KNOWN or char == "\n" else f"[U+{ord(char):04X}]" for char in normal)


def breakable(text: str) -> str:
    """The text with places at which a long word may be broken; a digest stays whole, so that it can be copied."""
    return text if _DIGEST.match(text) else _LONG.sub(_break_word, text)


def _break_word(match: re.Match[str]) -> str:
    marked = re.sub(r"([/_.:,=@-]+)(?=\w)", rf"\1{_BREAK}", match[0])
    return _BREAK.join(part if len(part) <= _RUN else _BREAK.join(part[i : i + _RUN] for i in range(0, len(part), _RUN)) for part in marked.split(_BREAK))
