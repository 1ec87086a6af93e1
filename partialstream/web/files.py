"""The browser's side: an ES module and its types, served from the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.staticfiles import StaticFiles
from typing_extensions import override

if TYPE_CHECKING:
    from starlette.responses import Response

FOLDER: Final = Path(__file__).with_name("static")


class _Modules(StaticFiles):
    """Files with the type that browsers demand of modules, whatever the system's tables say."""

    @override
    def file_response(self, full_path: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(full_path, *args, **kwargs)
        if str(full_path).endswith(".mjs"):
            response.headers["content-type"] = "text/javascript; charset=utf-8"
        return response


def static() -> StaticFiles:
    """The application that serves `partialstream.mjs`, to be mounted.

    Example:
        >>> from starlette.applications import Starlette
        >>> app = Starlette()
        >>> app.mount("/static", static())
    """
    return _Modules(directory=FOLDER)
