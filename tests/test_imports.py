"""No module takes part in a circle of imports, those for type checkers included.

The contracts of import-linter see circles of packages and of modules side by side; a module that
imports the package it is in takes this test.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

grimp = pytest.importorskip("grimp", reason="comes with import-linter, of the extra `dev`")


def test_no_module_takes_part_in_a_circle() -> None:
    graph = grimp.build_graph("partialstream", exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(reversed(error.args[1]))}")
