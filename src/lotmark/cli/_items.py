"""What the commands about items share: the product's graph and files, and the writing of a plan."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lotmark.base.paths import RootedPath
from lotmark.cli._output import Output

if TYPE_CHECKING:
    from lotmark.product.models import Product
    from lotmark.trace.models import TraceGraph


def open_items(output: Output) -> tuple["Product", "TraceGraph", dict[str, bytes]]:
    """The product, its graph (with the markers of its sources), and its quality files as shown -> content."""
    from lotmark.product.api import find_root, load_product
    from lotmark.trace.api import load_product_trace, read_quality_files

    product = load_product(find_root(output.product), output.config, pinned=False)
    return product, load_product_trace(product), read_quality_files(product.quality)


def write_plan(quality: Path, plan: Mapping[str, bytes | None]) -> list[str]:
    """Write, and remove where there is None, below the `quality/` folder; each file appears whole or not at all.

    New files come before old ones go, so that an interrupted write leaves an item twice, which is said, never nowhere.
    """
    root = RootedPath(quality.resolve())
    done: list[str] = []
    for shown, data in sorted(plan.items(), key=lambda entry: entry[1] is None):
        path = Path(root.join(shown.removeprefix("quality/")))
        if data is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(data)
            os.replace(part, path)  # noqa: PTH105 -- atomic on one file system
        done.append(f"quality/{shown.removeprefix('quality/')}")
    return done
