"""The path of a stand-in service as a regular expression."""

from __future__ import annotations

import re

SEGMENT = re.compile(r"\{([A-Za-z_]\w*)\}")


def path_pattern(path: str) -> re.Pattern[str]:
    """`/orders/{id}` matches one segment and calls it id; all other text stands for itself."""
    parts = SEGMENT.split(path)  # text, name, text, name, ..., text
    texts = [re.escape(text) for text in parts[::2]]
    names = [f"(?P<{name}>[^/]+)" for name in parts[1::2]]
    return re.compile("".join(text + name for text, name in zip(texts, [*names, ""], strict=True)))
