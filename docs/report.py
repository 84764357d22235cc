"""Write docs/report.html, a validation report, and docs/report.png, its head in a browser; it takes Chromium.

python docs/report.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import glmmspec as gs
from glmmspec.validation.agreement import validate
from glmmspec.validation.page import page

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Validate, write the report, and let the browser take the picture."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no Chromium here (Debian: apt-get install chromium)")
    file = ROOT / "docs" / "report.html"
    file.write_text(page(validate(gs.read(ROOT / "examples" / "salamander.glmm"))), encoding="utf-8")
    take(browser, file, file.with_suffix(".png"))


def take(browser: str, file: Path, picture: Path) -> None:
    """A picture of a page, 1100 by 1900 pixels."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1100,1900"]
    subprocess.run(
        [browser, *flags, f"--screenshot={picture}", file.as_uri()], check=True, stderr=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
