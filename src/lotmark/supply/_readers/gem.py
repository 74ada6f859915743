"""Gemfile.lock: every gem from a gem server with its SHA-256 from `CHECKSUMS` (Bundler 2.6 and later).

Format: https://bundler.io/guides/ (Bundler writes it; there is no other description of the format than its parser).
"""

import posixpath
import re
from dataclasses import dataclass, field

from lotmark.base.findings import Location
from lotmark.supply._readers._reading import Reading, Source, decode_text, find_hash, merge_pin, number_lines
from lotmark.supply.models import Pin

_SPEC = re.compile(r"(\S+) \(([^)\s]+)\)\Z")
_NEED = re.compile(r"(\S+?)!?(?: \(([^)]*)\))?\Z")
_PLATFORM = re.compile(r"-(?:ruby|java|jruby|mswin|mingw|x64|x86|arm|aarch|universal).*\Z")
_SOURCES = frozenset({"GEM", "GIT", "PATH", "PLUGIN SOURCE"})
_SECTIONS = _SOURCES | frozenset({"PLATFORMS", "DEPENDENCIES", "CHECKSUMS", "RUBY VERSION", "BUNDLED WITH"})
_CURE = "write the checksums with Bundler 2.6 or newer (`bundle lock --add-checksums`)"


@dataclass(slots=True)
class _Spec:
    """One gem of one section, with its line and the names of what it needs."""

    section: str
    remote: str
    name: str
    version: str
    line: int
    needs: list[str] = field(default_factory=list)


def read_gem(source: Source) -> Reading:
    """Read a Gemfile.lock. Groups stand in the Gemfile alone, so everything counts as shipped."""
    reading = Reading()
    text = decode_text(source.data, source.name, reading)
    if text is None:
        return reading
    specs: list[_Spec] = []
    sums: dict[tuple[str, str], str] = {}
    direct: set[str] = set()
    section = remote = ""
    for number, line in number_lines(text):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip(" "))
        if not stripped:
            continue
        if indent == 0:
            section, remote = stripped, ""
            if section not in _SECTIONS:
                reading.refuse("LM-SUP-004", f"{source.name}: {section[:60]!r} is no section of a Gemfile.lock", Location(source.name, number))
        elif section in _SOURCES and indent == 2 and ":" in stripped:
            remote = stripped.removeprefix("remote:").strip() if stripped.startswith("remote:") else remote
        elif section in _SOURCES and indent == 4 and (match := _SPEC.match(stripped)):
            specs.append(_Spec(section, remote, match[1], match[2], number))
        elif section in _SOURCES and indent == 6 and specs and (match := _NEED.match(stripped)):
            specs[-1].needs.append(match[1])
        elif section in _SOURCES:
            reading.refuse("LM-SUP-004", f"{source.name}: the line is not `name (version)`", Location(source.name, number))
        elif section == "DEPENDENCIES" and (match := _NEED.match(stripped)):
            direct.add(match[1])
        elif section == "CHECKSUMS":
            gem, _, digest = stripped.rpartition(" ")
            if (match := _SPEC.match(gem)) is not None and sums.setdefault((match[1], match[2]), digest) != digest:
                reading.refuse("LM-SUP-013", f"{match[1]} {match[2]} has two different checksums", Location(source.name, number), match[1])
    _pin_all(source.name, specs, sums, direct, reading)
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _pin_all(name: str, specs: list[_Spec], sums: dict[tuple[str, str], str], direct: set[str], reading: Reading) -> None:
    own = {spec.name for spec in specs if spec.section == "PATH"}
    versions = {spec.name: _PLATFORM.sub("", spec.version) for spec in specs if spec.name not in own}
    pins: dict[tuple[str, str], Pin] = {}
    for spec in specs:
        place = Location(name, spec.line)
        if spec.section == "PATH" and not posixpath.normpath(posixpath.join(posixpath.dirname(name), spec.remote)).startswith(("..", "/", "~")):
            continue  # a gem of this repository
        if spec.section != "GEM":
            reading.refuse("LM-SUP-007", f"{spec.name} comes from {spec.section.lower()} {spec.remote[:100]}, no registry", place, spec.name)
            continue
        strong = find_hash(sums.get((spec.name, spec.version), "").replace("=", ":"))
        if strong is None:
            reading.refuse("LM-SUP-006", f"{spec.name} {spec.version} has no sha256 under CHECKSUMS", place, spec.name, cure=_CURE)
            continue
        version = versions[spec.name]
        requires = tuple(sorted((each, versions[each]) for each in spec.needs if each in versions))
        pin = Pin("RubyGems", spec.name, version, (strong,), place, direct=spec.name in direct or not direct, requires=requires)
        # One gem for several platforms is one component with several files.
        pins[spec.name, version] = merge_pin(pins[spec.name, version], pin) if (spec.name, version) in pins else pin
    reading.pins += pins.values()
