"""Draw docs/grammar/, a railroad diagram of each rule of the language, from the grammar that reads specs.

python docs/diagrams.py
"""

from __future__ import annotations

import io
from ast import literal_eval
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lark
import railroad
from lark import Lark, Tree

from glmmspec.grammar.layout import KEYWORDS

ROOT = Path(__file__).parent.parent
GRAMMAR = ROOT / "glmmspec" / "grammar" / "glmmspec.lark"
FOLDER = ROOT / "docs" / "grammar"

# Boxes have a ground of their own and lines are of middle grey: both are seen on white and on black.
_STYLE = """
svg.railroad-diagram path { stroke-width: 2; stroke: #7d8590; fill: none; }
svg.railroad-diagram text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #1b1f24; }
svg.railroad-diagram text { text-anchor: middle; }
svg.railroad-diagram rect { stroke-width: 1; stroke: #7d8590; fill: #e3e8ee; }
svg.railroad-diagram .terminal rect { fill: #fbe3c8; }
"""


def diagrams(grammar: str) -> dict[str, str]:
    """The SVG of each rule of a grammar written for Lark, by the rule's name, in the grammar's order."""
    reader = Lark.open("grammars/lark.lark", rel_to=lark.__file__, parser="lalr", maybe_placeholders=False)
    items = reader.parse(grammar).children
    rules = {_plain(item.children[0]): item.children[-1] for item in items if item.data == "rule"}
    draw = _Drawing({str(item.children[0]): item.children[-1] for item in items if item.data == "token"})
    return {name: _svg(draw.node(_without_recursion(name, body))) for name, body in rules.items()}


class _Drawing:
    """From the nodes of lark.lark, Lark's grammar of grammars, to the items of railroad-diagrams.

    Terminals of plain text stand as that text; those of regular expressions by their names, in capitals.
    """

    def __init__(self, terminals: dict[str, Tree[Any]]) -> None:
        self.terminals = terminals

    def node(self, node: Tree[Any]) -> railroad.DiagramItem:
        children = node.children
        match node.data:
            case "expansions":
                return railroad.Choice(0, *map(self.node, children))
            case "alias":  # names a node of the tree, and changes nothing in the text
                return self.node(children[0])
            case "expansion":
                return self.sequence(children)
            case "maybe":
                return railroad.Optional(self.node(children[0]))
            case "expr":
                return self.repeated(*children)
            case "literal":
                return railroad.Terminal(_text(children[0]))
            case "literal_range":
                return railroad.Terminal("…".join(map(_text, children)))
            case "template_usage":
                return railroad.NonTerminal(_label(node))
            case "name":
                return self.named(str(children[0]))
        raise ValueError(f"no diagram of {node.data}")

    def sequence(self, nodes: Sequence[Tree[Any]]) -> railroad.DiagramItem:
        """Nodes one after the other; `x ("," x)*` is one x or more, with a comma on the way back."""
        if not nodes:
            return railroad.Skip()
        items: list[railroad.DiagramItem] = []
        for before, node in zip([None, *nodes], nodes, strict=False):
            between = _between(before, node)
            if between is None:
                items.append(self.node(node))
            else:
                items[-1] = railroad.OneOrMore(items[-1], self.sequence(between))
        return items[0] if len(items) == 1 else railroad.Sequence(*items)

    def repeated(self, node: Tree[Any], *times: str) -> railroad.DiagramItem:
        item = self.node(node)
        match times:
            case ("?",):
                return railroad.Optional(item)
            case ("*",):
                return railroad.ZeroOrMore(item)
            case ("+",):
                return railroad.OneOrMore(item)
        return railroad.OneOrMore(item, railroad.Comment(f"{' to '.join(times)} times"))

    def named(self, name: str) -> railroad.DiagramItem:
        if name.lower() in KEYWORDS:
            return railroad.Terminal(name.lower())
        if name in self.terminals and _is_text(self.terminals[name]):
            return self.node(self.terminals[name])
        return railroad.NonTerminal(_plain(name))


def _without_recursion(name: str, body: Tree[Any]) -> Tree[Any]:
    """The body with a loop for the alternatives that begin with the rule itself."""
    alternatives = body.children if body.data == "expansions" else [body]
    parts = [_parts(alternative) for alternative in alternatives]
    again = [rest for first, *rest in filter(None, parts) if rest and _refers(first, name)]
    if not again:
        return body
    once = [part for part in parts if not (part and _refers(part[0], name))]
    return Tree("expansion", [_choice(once), Tree("expr", [_choice(again), "*"])])


def _parts(alternative: Tree[Any]) -> list[Tree[Any]]:
    if alternative.data == "alias":
        return _parts(alternative.children[0])
    return alternative.children if alternative.data == "expansion" else [alternative]


def _choice(alternatives: list[list[Tree[Any]]]) -> Tree[Any]:
    nodes = [parts[0] if len(parts) == 1 else Tree("expansion", parts) for parts in alternatives]
    return nodes[0] if len(nodes) == 1 else Tree("expansions", nodes)


def _between(before: Tree[Any] | None, node: Tree[Any]) -> list[Tree[Any]] | None:
    """What separates the repetitions, if `node` repeats `before`."""
    match node:
        case Tree(data="expr", children=[Tree(data="expansion", children=[*separator, again]), "*"]):
            return separator if separator and again == before else None
    return None


def _refers(node: Tree[Any], name: str) -> bool:
    return node.data == "name" and _plain(node.children[0]) == name


def _is_text(node: Tree[Any]) -> bool:
    return all(token.type == "STRING" for token in node.scan_values(lambda _: True))


def _text(literal: str) -> str:
    return literal if literal.startswith("/") else literal_eval(literal.removesuffix("i"))


def _plain(name: str) -> str:
    """The name of a rule or a terminal, without the marks that say what becomes of it in the tree."""
    return name.lstrip("!?_")


def _label(node: Tree[Any]) -> str:
    if node.data != "template_usage":
        return _plain(node.children[0])
    name, *arguments = map(_label, node.children)
    return f"{name}{{{', '.join(arguments)}}}"


def _svg(item: railroad.DiagramItem) -> str:
    out, diagram = io.StringIO(), railroad.Diagram(item)
    diagram.format(2).writeStandalone(out.write, _STYLE)
    return f"{out.getvalue()}\n"


def main() -> None:
    """Write the files, and leave no other."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.svg"):
        file.unlink()
    for name, svg in diagrams(GRAMMAR.read_text(encoding="utf-8")).items():
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
