"""Write syntaxes/glmm.tmLanguage.json, the highlighting of specs, from the terminals of the grammar.

python editors/vscode/grammar.py
"""

from __future__ import annotations

import json
from pathlib import Path

from glmmspec.grammar.highlighting import textmate

TARGET = Path(__file__).parent / "syntaxes" / "glmm.tmLanguage.json"


def text() -> str:
    """The text of the file."""
    return json.dumps(textmate(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
