"""An import-linter contract: slices of a service may import only the public modules of each other."""

import grimp
from importlinter import Contract, ContractCheck, fields, output


class SlicesContract(Contract):
    """A module may import another slice's `rooms` and nothing else of it.

    `slices`: the packages that are slices of one service; `package.*` stands for every package inside it. `rooms`: names of the modules
    or packages of a slice that others may import. `assembly`: modules that put the service together and may import everything. `joined`:
    tables that the `repository` of another slice may join in a query: one statement instead of one a row.
    """

    type_name = "slices"

    slices = fields.ListField(subfield=fields.StringField())
    rooms = fields.SetField(subfield=fields.StringField())
    assembly = fields.SetField(subfield=fields.StringField())
    joined = fields.SetField(subfield=fields.StringField(), required=False, default=())

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        rooms, assembly, joined = set(self.rooms), set(self.assembly), set(self.joined)
        broken = []
        for name in _expanded(self.slices, graph):
            public = {f"{name}.{room}" for room in rooms}
            for inner in sorted({name} | graph.find_descendants(name)):
                if any(inner == room or inner.startswith(room + ".") for room in public):
                    continue
                for importer in sorted(graph.find_modules_that_directly_import(inner)):
                    is_own = importer == name or importer.startswith(name + ".") or importer in assembly
                    is_join = inner in joined and "repository" in importer.split(".")
                    if not (is_own or is_join) and importer.split(".")[0] == name.split(".")[0]:
                        broken.append((importer, inner, graph.get_import_details(importer=importer, imported=inner)))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, details in check.metadata["broken"]:
            lines = ", ".join(str(each["line_number"]) for each in details)
            output.print_error(f"{importer} (line {lines}) imports {imported}, which is inside another slice", bold=False)


def _expanded(slices: list[str], graph: grimp.ImportGraph) -> list[str]:
    return [found for name in slices for found in (sorted(graph.find_children(name[:-2])) if name.endswith(".*") else [name])]
