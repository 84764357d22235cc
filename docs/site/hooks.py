"""What the site has from outside docs/, and what pages need to be read there."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
_BESIDE_DOCS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/reference/README.md")
_OUT_OF_DOCS = re.compile(r"(?<=\]\()(?:docs/|\.\./)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take in the pages that stand beside docs/."""
    for path in _BESIDE_DOCS:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """On the site docs/ and the root are one folder; a spec with a mistake has the colours of any spec."""
    return _OUT_OF_DOCS.sub("", markdown).replace("```glmm-error", "```glmm")
