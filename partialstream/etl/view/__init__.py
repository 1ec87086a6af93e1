"""Documents shown with the quotes that were found in them.

marks.py     which parts of a text are quotes of which rows
page.py      as an HTML page; assets.py, its style and its script
terminal.py  as text for a terminal
"""

from __future__ import annotations

from partialstream.etl.view.page import quotes_html
from partialstream.etl.view.terminal import quotes_text

__all__ = ["quotes_html", "quotes_text"]
