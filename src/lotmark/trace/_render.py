"""Outlines as readable documents, in Markdown and as one self-contained HTML page; the standard three where there are none."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from lotmark.trace._outline import Block, Outline, select_items
from lotmark.trace._risk import hazard_of
from lotmark.trace.models import Item, TraceGraph

STANDARD: Mapping[str, bytes] = {
    "software-requirements": (
        b"---\ntitle: Software requirements specification\ncovers: [requirement]\n---\n"
        b"Requirements of the product with their origin and their tests (IEC 62304:2006+A1:2015, 5.2).\n\n"
        b"## User needs\n\n<!-- items: type=user-need -->\n\n## Requirements\n\n<!-- items: type=requirement -->\n\n"
        b"## Software items\n\n<!-- items: type=software-item -->\n\n## SOUP\n\n<!-- table: soup -->\n"
    ),
    "risk-management-file": (
        b"---\ntitle: Risk management file\ncovers: [hazard, hazardous-situation, risk-control, threat]\n---\n"
        b"Hazards, their estimates before and after control, and the controls (ISO 14971:2019, 4.5).\n\n"
        b"## Summary\n\n<!-- table: hazards -->\n\n## Hazards\n\n<!-- items: type=hazard -->\n\n"
        b"## Hazardous situations\n\n<!-- items: type=hazardous-situation -->\n\n## Threats\n\n<!-- items: type=threat -->\n\n"
        b"## Risk controls\n\n<!-- table: controls -->\n\n<!-- items: type=risk-control -->\n\n## Known anomalies\n\n<!-- table: anomalies -->\n"
    ),
    "test-plan": (
        b"---\ntitle: Test plan\ncovers: [test-case]\n---\n"
        b"What is verified by which tests (IEC 62304:2006+A1:2015, 5.5 to 5.7).\n\n"
        b"## What verifies each requirement\n\n<!-- table: tests -->\n\n## Test cases\n\n<!-- items: type=test-case -->\n\n"
        b"## Studies\n\n<!-- items: type=study -->\n"
    ),
}
"""Name -> outline of the documents that a product has where it writes none."""

_Row = Sequence[str]


def render_markdown(outline: Outline, graph: TraceGraph) -> str:
    """The document as Markdown, each item in full."""
    parts = [f"# {outline.title}"]
    level = 2
    for block in _blocks(outline):
        if block.kind == "heading":
            level = min(block.level + 1, 6)
            parts.append(f"{'#' * block.level} {block.text}")
        elif block.kind == "text":
            parts.append(block.text)
        elif block.kind == "table":
            head, rows = _table(block.text, graph)
            parts.append("\n".join(_markdown_table(head, rows)) if rows else "*There are none.*")
        else:
            items = _items(block, graph)
            parts.extend(_markdown_item(item, graph, level) for item in items)
            if not items:
                parts.append("*There are none.*" if block.kind == "items" else f"*{block.text} does not exist.*")
    return "\n\n".join(parts) + "\n"


def _markdown_item(item: Item, graph: TraceGraph, level: int) -> str:
    lines = [f"{'#' * level} {item.id} {item.title}", ""]
    lines += [f"- {name}: {value}" for name, value in _facts(item, graph)]
    if item.text:
        lines += ["", item.text]
    for name, text in item.sections.items():
        lines += ["", f"**{_section_title(name)}**", "", text]
    return "\n".join(lines)


def _markdown_table(head: _Row, rows: Sequence[_Row]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = [cell.replace("|", "\\|").replace("\n", "<br>") for cell in row]
        yield f"| {' | '.join(cells)} |"


def render_html(outline: Outline, graph: TraceGraph) -> str:
    """The document as one page: no script, no network, anchors by id, fit for printing."""
    body: list[str] = []
    contents: list[str] = []
    level = 1
    for number, block in enumerate(_blocks(outline)):
        if block.kind == "heading":
            level = max(block.level, 2)
            anchor = f"s{number}"
            contents.append(f'<li class="l{level}"><a href="#{anchor}">{escape(block.text)}</a></li>')
            body.append(f'<h{level} id="{anchor}">{escape(block.text)}</h{level}>')
        elif block.kind == "text":
            body.append(_markdown(block.text))
        elif block.kind == "table":
            body.append(_html_table(*_table(block.text, graph), graph))
        else:
            items = _items(block, graph)
            body.extend(_html_item(item, graph, min(level + 1, 6)) for item in items)
            if not items:
                body.append('<p class="none">There are none.</p>' if block.kind == "items" else f'<p class="none">{escape(block.text)} does not exist.</p>')
    toc = f'<nav aria-label="Contents"><ul>{"".join(contents)}</ul></nav>' if contents else ""
    title = escape(outline.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} · {escape(graph.product)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<header><p>{escape(graph.product)}</p><h1>{title}</h1></header>\n"
        f"{toc}\n<main>\n{chr(10).join(body)}\n</main>\n</body>\n</html>\n"
    )


def _html_item(item: Item, graph: TraceGraph, level: int) -> str:
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{_linked(value, graph)}</dd>" for name, value in _facts(item, graph))
    sections = "".join(f"<h{min(level + 1, 6)}>{escape(_section_title(name))}</h{min(level + 1, 6)}>{_markdown(text)}" for name, text in item.sections.items())
    heading = f'<h{level}><a href="#{escape(item.id)}">{escape(item.id)}</a> {escape(item.title)}</h{level}>'
    return f'<article id="{escape(item.id)}" class="{escape(item.status)}">{heading}<div class="text">{_markdown(item.text)}</div>{sections}<dl>{facts}</dl></article>'


def _html_table(head: _Row, rows: Sequence[_Row], graph: TraceGraph) -> str:
    if not rows:
        return '<p class="none">There are none.</p>'
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{_linked(cell, graph)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def _linked(text: str, graph: TraceGraph) -> str:
    """Escaped text in which each id of an item is a link to it."""
    words = []
    for word in text.split(" "):
        bare = word.strip(",;()")
        shown = escape(word)
        words.append(shown.replace(escape(bare), f'<a href="#{escape(bare)}">{escape(bare)}</a>') if bare in graph.items else shown)
    return " ".join(words).replace("\n", "<br>")


def _markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    # No HTML of the source reaches the page, and only web, mail and in-page links do.
    rendered: str = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(text)
    return rendered


def _blocks(outline: Outline) -> Iterable[Block]:
    """The blocks; a first heading of level 1 is the title and not said again."""
    blocks = outline.blocks
    if blocks and blocks[0].kind == "heading" and blocks[0].level == 1 and blocks[0].text == outline.title:
        blocks = blocks[1:]
    return blocks


def _items(block: Block, graph: TraceGraph) -> tuple[Item, ...]:
    if block.kind == "items":
        return select_items(graph, block.filters)
    item = graph.items.get(graph.aliases.get(block.text, block.text))
    return () if item is None else (item,)


def _facts(item: Item, graph: TraceGraph) -> list[tuple[str, str]]:
    """What is said of an item beside its text: fields, links both ways, tests."""
    facts = [("type", f"{item.category} {_title(item.type, graph)}".strip()), ("status", item.status)]
    if item.safety_class:
        facts.append(("safety class", item.safety_class))
    for key, value in item.attributes.items():
        if key in {"safety-class", "x-import"}:
            continue
        shown = (
            value
            if isinstance(value, str)
            else ", ".join(value)
            if isinstance(value, tuple)
            else ", ".join(f"{name}: {inner}" for name, inner in value.items())
        )
        facts.append((key.removeprefix("x-").replace("-", " "), shown))
    up: dict[str, list[str]] = {}
    for link in item.links:
        up.setdefault(link.type, []).append(link.target)
    facts += [(name.replace("-", " "), ", ".join(targets)) for name, targets in up.items()]
    down: dict[str, list[str]] = {}
    for child in graph.below(item.id):
        for name in dict.fromkeys(link.type for link in child.links if link.target == item.id):
            reverse = graph.policy.links[name].reverse if name in graph.policy.links else name
            down.setdefault(reverse, []).append(child.id)
    facts += [(name, ", ".join(ids)) for name, ids in down.items()]
    tests = graph.verified_by.get(item.id, ())
    if tests:
        facts.append(("tests", "\n".join(tests)))
    if item.aliases:
        facts.append(("also known as", ", ".join(item.aliases)))
    return facts


def _title(kind: str, graph: TraceGraph) -> str:
    return graph.policy.types[kind].title if kind in graph.policy.types else kind


def _section_title(name: str) -> str:
    plain = name[11:] if name.lower().startswith("extension: ") else name
    return plain[:1].upper() + plain[1:]


def _table(name: str, graph: TraceGraph) -> tuple[_Row, list[_Row]]:
    if name == "hazards":
        head = ("Id", "Hazard", "Hazardous situation", "Harm", "Before control", "Controls", "After control", "Acceptable")
        return head, [_hazard_row(item, graph) for item in graph.of_type("hazard", "hazardous-situation")]
    if name == "controls":
        rows: list[_Row] = [
            (item.id, item.title, _text(item, "kind"), _ids(item.targets("mitigates")), _ids(child.id for child in graph.below(item.id, "requirement")))
            for item in graph.of_type("risk-control")
        ]
        return ("Id", "Risk control", "Kind", "Mitigates", "Implemented by"), rows
    if name == "requirements":
        return ("Id", "Requirement", "Status", "From"), [(item.id, item.title, item.status, _ids(item.targets())) for item in graph.of_type("requirement")]
    if name == "tests":
        kinds = ("user-need", "requirement", "hazard", "hazardous-situation", "risk-control")
        return ("Id", "Item", "Layers", "Tests"), [
            (
                item.id,
                item.title,
                ", ".join(item.layers),
                "\n".join((*graph.verified_by.get(item.id, ()), *(child.id for child in graph.below(item.id, "test-case")))) or "none",
            )
            for item in graph.of_type(*kinds)
            if item.type == "requirement" or graph.verified_by.get(item.id) or graph.below(item.id, "test-case")
        ]
    if name == "soup":
        return ("Id", "SOUP item", "Manufacturer", "Version"), [
            (item.id, item.title, _text(item, "manufacturer"), _text(item, "version")) for item in graph.of_type("soup")
        ]
    anomalies: list[_Row] = [(one.id, one.title, str(one.severity), one.status, one.rationale, _ids(one.affects)) for one in graph.anomalies]
    return ("Id", "Anomaly", "Severity", "Status", "Rationale", "Affects"), anomalies


def _hazard_row(item: Item, graph: TraceGraph) -> _Row:
    hazard = hazard_of(item, graph.scale)
    levels = [
        f"{risk.severity} x {risk.probability}: {risk.level or 'not estimated'}" if risk.severity or risk.probability else ""
        for risk in (hazard.before, hazard.after)
    ]
    judged = "" if not any(levels) else "not judged" if hazard.acceptable is None else "yes" if hazard.acceptable else "no"
    controls = _ids(child.id for child in graph.below(item.id, "risk-control", "hazardous-situation"))
    return (item.id, item.title, hazard.hazardous_situation, hazard.harm, levels[0], controls, levels[1], judged)


def _text(item: Item, key: str) -> str:
    value = item.attributes.get(key, "")
    return value if isinstance(value, str) else ""


def _ids(ids: Iterable[str]) -> str:
    return ", ".join(ids)


_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--tint:#f6f8fa;--link:#0a58ca}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--line:#30363d;--paper:#0d1117;--tint:#161b22;--link:#6cb6ff}}
*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:2rem 1.25rem 6rem;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header p{margin:0;color:var(--soft)}h1{margin:.1rem 0 1rem;font-size:2rem;line-height:1.2}h2{margin:2.5rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
a{color:var(--link);text-decoration:none}a:hover,a:focus-visible{text-decoration:underline}nav ul{list-style:none;padding:.75rem 1rem;background:var(--tint);border-radius:.5rem}
nav .l3{padding-left:1rem}nav .l4,nav .l5,nav .l6{padding-left:2rem}
article{margin:1rem 0;padding:.9rem 1.1rem;border:1px solid var(--line);border-left:4px solid var(--link);border-radius:.4rem;break-inside:avoid}
article.draft,article.proposed{border-left-color:#bf8700}article.obsolete{border-left-color:var(--line);color:var(--soft)}article:target{background:var(--tint)}
article h3,article h4,article h5,article h6{margin:.1rem 0 .4rem;font-size:1.05rem}.text p{margin:.4rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.7rem 0 0;font-size:.88rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.88rem}th,td{padding:.4rem .6rem;border:1px solid var(--line);text-align:left;vertical-align:top}th{background:var(--tint)}td a,dd a{white-space:nowrap}
pre{overflow-x:auto;padding:.6rem;background:var(--tint)}.none{color:var(--soft);font-style:italic}
@media print{body{max-width:none;padding:0;font-size:10pt}nav{break-after:page}a{color:inherit}}
""".strip()
