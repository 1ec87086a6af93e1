"""Compiles the scanner where there is a C compiler; without one it runs as it stands."""

from __future__ import annotations

import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MODULE = "partialstream.engine.scan"
_SOURCE = "partialstream/engine/scan.py"


class NoCompilerError(Exception):
    """There is no C compiler that works."""


class ScannerBuildHook(BuildHookInterface[Any]):
    """Puts the compiled module beside its source, for the wheel and for editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, or say that it was not possible."""
        root = Path(self.root)
        folder = (root / _SOURCE).parent
        for stale in [*folder.glob("scan.*.so"), *folder.glob("scan.*.pyd")]:
            stale.unlink()  # Python would load it instead of a source that is newer
        with tempfile.TemporaryDirectory() as temporary:
            try:
                built = _compiled(root, Path(temporary))
            except (NoCompilerError, ImportError) as error:
                reason = str(error) or repr(error)
                self.app.display_warning(f"The scanner is not compiled ({reason}): interpreted.")
                return
            shutil.copy(built, folder / built.name)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append(f"partialstream/engine/{built.name}")


def _compiled(root: Path, folder: Path) -> Path:
    """Compile into `folder`.

    Raises:
        ImportError: There is no Cython, as in a build without isolation.
        NoCompilerError: There is no C compiler that works.
    """
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext
    from setuptools.errors import BaseError, CCompilerError

    source = root / _SOURCE
    # Cython looks for `scan.pxd` by the package, and takes its name from the path.
    copy = folder / "source" / _SOURCE
    copy.parent.mkdir(parents=True)
    for path in (source, source.with_suffix(".pxd")):
        shutil.copy(path, copy.parent)
    for package in (copy.parent, copy.parent.parent):
        (package / "__init__.py").touch()
    extensions = cythonize([Extension(_MODULE, [str(copy)])], quiet=True)
    command = build_ext(Distribution({"ext_modules": extensions}))
    command.build_lib = str(folder / "lib")
    command.build_temp = str(folder / "temp")
    command.ensure_finalized()
    try:
        command.run()
    except (BaseError, CCompilerError) as error:
        raise NoCompilerError(str(error)) from error
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    return folder / "lib" / f"partialstream/engine/scan{suffix}"
