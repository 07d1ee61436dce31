"""The picture of a benchmark in the README, light and dark: a page that `asyncify bench --html` wrote, in Chromium.

`python docs/picture.py report.html` writes docs/report.png and docs/report-dark.png.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--hide-scrollbars", "--window-size=1160,1940",
)  # fmt: skip
SCHEMES = {"report-dark.png": 0, "report.png": 1}  # as Chromium numbers them


def main() -> int:
    """Exit code 2 says what is missing."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or len(sys.argv) != 2:
        print("usage: python docs/picture.py report.html, with Chromium installed", file=sys.stderr)
        return 2
    for name, scheme in SCHEMES.items():
        with tempfile.TemporaryDirectory() as profile:
            command = [browser, *FLAGS, f"--user-data-dir={profile}", f"--blink-settings=preferredColorScheme={scheme}"]
            picture = Path(__file__).with_name(name)
            page = Path(sys.argv[1]).resolve().as_uri()
            subprocess.run([*command, f"--screenshot={picture}", page], check=True, capture_output=True)
            print(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
