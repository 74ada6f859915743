"""The `doors` contract for import-linter: a room is entered through its doors alone.

Another room may import ``api``, ``models``, ``errors``, ``ports``, ``rules`` and ``predicates`` of a room, and the modules
of `base`; everything else is the room's own business.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """Fails for each import of a room's inner module from another room."""

    package = fields.StringField()
    doors = fields.SetField(subfield=fields.StringField())
    open_rooms = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        del verbose
        prefix = f"{self.package}."
        broken: list[tuple[str, str]] = []
        for importer in sorted(module for module in graph.modules if module.startswith(prefix)):
            room = importer.split(".")[1]
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                parts = imported.split(".")
                inside = imported.startswith(prefix) and len(parts) > 2
                if inside and parts[1] != room and parts[1] not in self.open_rooms and parts[2] not in self.doors:
                    broken.append((importer, imported))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        pairs: list[tuple[str, str]] = check.metadata["broken"]
        for importer, imported in pairs:
            output.print_error(f"{importer} enters through {imported}, which is no door", bold=False)
