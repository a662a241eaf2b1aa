"""Makes mutants of Solidity sources: each is the source with one small slip in it.

The slips follow the compiler's own syntax tree, so nearly all of them compile. Relational
operators are replaced by the three that imply all others; identifiers, fields and arguments by the
next of the same type.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

Node = dict[str, Any]

BINARY = {
    "+": ("-",),
    "-": ("+",),
    "*": ("/", "+"),
    "/": ("*",),
    "%": ("*", "/"),
    "&": ("|", "^"),
    "|": ("&",),
    "<<": (">>",),
    ">>": ("<<",),
    "&&": ("||",),
    "||": ("&&",),
    "<": ("<=", "!="),
    "<=": ("<", "=="),
    ">": (">=", "!="),
    ">=": (">", "=="),
    "==": ("<=", ">="),
    "!=": ("<", ">"),
}
# Against zero, what an unsigned number cannot be below.
OF_ZERO = {"==": (">=",), "!=": ("<",), ">": (">=",)}
ASSIGNMENT = {"+=": ("-=", "="), "-=": ("+=", "="), "&=": ("|=", "="), "|=": ("&=", "=")}
UNARY = {"++": "--", "--": "++"}
STATEMENTS = {"ExpressionStatement", "EmitStatement", "RevertStatement", "Continue", "Return"}
CONTEXT = {"msg.sender": ("tx.origin",), "block.timestamp": ("(block.timestamp + 1)",)}


@dataclass(frozen=True)
class Mutant:
    """One slip. `start` and `end` are byte offsets into the source."""

    path: str
    line: int
    function: str
    start: int
    end: int
    before: str
    after: str
    # Which of the same slips in one function.
    ordinal: int = 1

    def apply(self, source: bytes) -> str:
        """The whole source with the slip in it."""
        return (source[: self.start] + self.after.encode() + source[self.end :]).decode()

    @property
    def name(self) -> str:
        """What changed, on one line, without the line's number, which other changes move."""
        squeeze = " ".join
        slip = f"{squeeze(self.before.split())} -> {squeeze(self.after.split())}"
        return f"{self.function}: {slip}" + (f" (#{self.ordinal})" if self.ordinal > 1 else "")


def mutants_of(path: str, source: bytes, tree: Node, nodes: dict[int, Node]) -> list[Mutant]:
    """Every mutant of one source, given its syntax tree and the nodes of all trees by id."""
    found: dict[tuple[int, int, str], Mutant] = {}
    for function, node in _walk(tree, "file", []):
        for start, end, after in _slips(node, function, source, nodes):
            before = source[start:end].decode()
            if after != before:
                line = source.count(b"\n", 0, start) + 1
                name = function[-1].get("name") or function[-1]["nodeType"] if function else path
                found[start, end, after] = Mutant(path, line, name, start, end, before, after)
    ordinals: Counter[str] = Counter()
    numbered = []
    for mutant in sorted(found.values(), key=lambda m: (m.start, m.end, m.after)):
        ordinals[mutant.name] += 1
        numbered.append(replace(mutant, ordinal=ordinals[mutant.name]))
    return numbered


def by_id(trees: list[Node]) -> dict[int, Node]:
    """All nodes of some trees by their id."""
    return {n["id"]: n for tree in trees for _, n in _walk(tree, "file", []) if "id" in n}


def _walk(node: Node, field: str, parents: list[Node]) -> Iterator[tuple[list[Node], Node]]:
    if node.get("nodeType") in {"FunctionDefinition", "ContractDefinition", "ModifierDefinition"}:
        parents = [*parents, node]
    yield parents, node
    for key, value in node.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict) and "nodeType" in child:
                yield from _walk(child, key, parents)


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length


def _type(node: Node) -> str:
    return str(node.get("typeDescriptions", {}).get("typeString"))


def _slips(
    node: Node, parents: list[Node], source: bytes, nodes: dict[int, Node]
) -> Iterator[tuple[int, int, str]]:
    kind = node.get("nodeType", "")
    if "src" not in node or kind in {"ImportDirective", "StructuredDocumentation"}:
        return
    start, end = _span(node)
    text = source[start:end].decode()

    if kind in STATEMENTS:
        yield start, end, "{}"
    elif kind == "ModifierInvocation" and node.get("kind") == "modifierInvocation":
        yield start, end, ""
    elif kind in {"IfStatement", "Conditional"}:
        yield from ((*_span(node["condition"]), value) for value in ("true", "false"))
    elif kind == "BinaryOperation":
        left, right = _span(node["leftExpression"]), _span(node["rightExpression"])
        operators = BINARY.get(node["operator"], ())
        if source[slice(*right)] in {b"0", b"address(0)", b"Status.None"}:
            operators = OF_ZERO.get(node["operator"], operators)
        for operator in operators:
            yield left[1], right[0], f" {operator} "
        if node["operator"] in {"&&", "||"}:
            yield start, end, source[slice(*left)].decode()
            yield start, end, source[slice(*right)].decode()
    elif kind == "Assignment":
        for operator in ASSIGNMENT.get(node["operator"], ()):
            yield (
                _span(node["leftHandSide"])[1],
                _span(node["rightHandSide"])[0],
                f" {operator} ",
            )
    elif kind == "UnaryOperation":
        operand = source[slice(*_span(node["subExpression"]))].decode()
        if node["operator"] in UNARY:
            yield start, end, UNARY[node["operator"]] + operand
        elif node["operator"] in {"!", "~"}:
            yield start, end, operand
    elif kind == "Literal":
        yield from ((start, end, after) for after in _literal(node, text))
    elif kind == "FunctionCall":
        for one, two in pairwise(node["arguments"]):
            if _type(one) == _type(two):
                a, b = _span(one), _span(two)
                between = source[a[1] : b[0]].decode()
                yield a[0], b[1], source[slice(*b)].decode() + between + source[slice(*a)].decode()
    elif kind == "MemberAccess":
        if text in CONTEXT:
            yield from ((start, end, after) for after in CONTEXT[text])
        elif sibling := _sibling(node, nodes):
            yield start, end, text[: -len(node["memberName"])] + sibling
    elif kind == "Identifier" and parents:
        if other := _other_variable(node, parents[-1], nodes):
            yield start, end, other
    elif kind == "YulLiteral" and node.get("kind") == "number":
        yield start, end, str(int(text, 0) + 1)


def _literal(node: Node, text: str) -> Iterator[str]:
    if node["kind"] == "bool":
        yield "false" if text == "true" else "true"
    elif node["kind"] == "string":
        yield text[:-1] + "_" + text[-1]
    elif node["kind"] == "number":
        number, _, unit = text.replace("_", "").partition(" ")
        value = int(number, 0)
        yield f"{value + 1} {unit}".strip()
        if value:
            yield f"{value - 1} {unit}".strip()


def _next_alike(declarations: list[Node], name: str) -> str | None:
    """The declaration after `name`, in a circle, that has the same type."""
    names = [d["name"] for d in declarations]
    if name not in names:
        return None
    at = names.index(name)
    for other in declarations[at + 1 :] + declarations[:at]:
        if other["name"] and _type(other) == _type(declarations[at]):
            return str(other["name"])
    return None


def _sibling(node: Node, nodes: dict[int, Node]) -> str | None:
    declared = nodes.get(node.get("referencedDeclaration") or -1, {})
    owner = nodes.get(declared.get("scope", -1), {})
    if declared.get("nodeType") == "EnumValue":
        values = next(
            n["members"]
            for n in nodes.values()
            if n.get("nodeType") == "EnumDefinition" and declared in n["members"]
        )
        return str(values[(values.index(declared) + 1) % len(values)]["name"])
    if owner.get("nodeType") == "StructDefinition":
        return _next_alike(owner["members"], node["memberName"])
    return None


def _other_variable(node: Node, function: Node, nodes: dict[int, Node]) -> str | None:
    declared = nodes.get(node.get("referencedDeclaration") or -1, {})
    if declared.get("nodeType") != "VariableDeclaration":
        return None
    variables = [
        n for _, n in _walk(function, "", []) if n.get("nodeType") == "VariableDeclaration"
    ]
    return _next_alike(variables, node["name"])
