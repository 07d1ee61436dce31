"""Makes requests keep or drop its connections, to measure what that alone is worth. Standard library only."""

from __future__ import annotations

from typing import Any

POOL_SIZE = 1000


def set_sessions(mode: str) -> bool:
    """`no keep-alive`: every request opens a connection; `shared session`: module functions share one session.

    False if requests is not installed, so that nothing can be set.
    """
    try:
        import requests.adapters
        import requests.api
    except ImportError:
        return False
    if mode == "no keep-alive":
        _close_each(requests.adapters.HTTPAdapter)
    else:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=POOL_SIZE))
        requests.api.request = session.request  # type: ignore[assignment]
    return True


def _close_each(adapter: Any) -> None:
    send = adapter.send

    def send_and_close(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.headers["Connection"] = "close"
        return send(self, request, *args, **kwargs)

    adapter.send = send_and_close
