"""The door of the pipeline: run it, ask how a run stands, close it.

The workflow engine is imported where it is opened (`open_embedded_engine`), so that reading a run's state stays cheap.
"""

from pathlib import Path

from lotmark.pipeline._context import Settings, StageContext, read_run
from lotmark.pipeline._direct_engine import DirectEngine
from lotmark.pipeline._run import run_pipeline
from lotmark.pipeline._runs import closed_outcome, find_previous, identify_run, identity_of, read_statuses
from lotmark.pipeline.ports import Engine

__all__ = [
    "DirectEngine",
    "Settings",
    "StageContext",
    "closed_outcome",
    "find_previous",
    "identify_run",
    "identity_of",
    "open_embedded_engine",
    "read_run",
    "read_statuses",
    "run_pipeline",
]


def open_embedded_engine(database: Path) -> Engine:
    """The durable engine of one machine.

    Raises:
        EnvironmentLacksError: LM-PIP-001 if another process holds it.
    """
    from lotmark.pipeline._dbos_engine import DbosEngine

    return DbosEngine(database)
