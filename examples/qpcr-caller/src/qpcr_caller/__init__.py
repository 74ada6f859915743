"""Calls Ct values and qualitative results from the fluorescence of a real-time PCR run.

The way of the data: `plate` (file to curves) > `baseline` > `calling` (curve to Ct) > `interpretation` (controls and
specimens to results) > `report`. Everything an assay fixes stands in `assay`. No step reads a clock, the network or
the locale, so the same plate always gives the same report.
"""

from importlib import metadata


def _installed_version() -> str:
    try:
        return metadata.version("qpcr-caller")
    except metadata.PackageNotFoundError:
        # A source tree that was never built is not a release and must not pass for one.
        return "unbuilt"


__version__ = _installed_version()
