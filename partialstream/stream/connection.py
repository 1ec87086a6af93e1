"""The connection below a stream, ended from another thread than the one that reads."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any


def end_connection(response: Any) -> bool:
    """End the connection below a response, so that a thread that waits for its bytes goes on.

    An HTTP library's `close` does not wake that thread: it would wait on, and the server send
    on, until the time-out. Nor is it safe: the next socket to be opened gets the closed one's
    number, and the thread would read from that. A connection that is only ended reads as at its
    end, and whoever reads closes it.

    Args:
        response: A response of httpx or httpx2, or anything else.

    Returns:
        Whether that could be done. It cannot for HTTP/2, where others share the connection,
        for transports that have no socket, and for what is no response.
    """
    version = getattr(response, "http_version", None)
    if not isinstance(version, str) or not version.startswith("HTTP/1") or response.is_closed:
        return False
    network: Any = response.extensions.get("network_stream")
    connection = None if network is None else network.get_extra_info("socket")
    if not isinstance(connection, socket.socket):
        return False
    with suppress(OSError):  # it has ended by itself
        # An SSLSocket's own `shutdown` takes the encryption off first, and whoever reads would
        # be given what is encrypted.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    return True
