"""Formulas of mapping rows: read by simpleeval, allowed by our own list, limited in size. The only place that knows it.

The text is parsed once and every node checked against the list below before anything is evaluated: field names,
literals, arithmetic, comparison, and/or/not, a choice, and the functions of `FUNCTIONS`. There are no attributes, no
subscripts, no powers, no loops, no keywords; a dotted name is a field or nothing. All numbers are Decimal. Sizes bound
the time: the text, the nodes, their nesting, each text that is made and each number.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any

from simpleeval import InvalidExpression, SimpleEval

from app.domain.conversions import LONGEST_NUMBER
from app.domain.declaration import Formula
from app.domain.mappings import Malformed
from app.domain.records import Value
from app.domain.transforms import Unfit
from app.services.formula_words import FUNCTIONS, LONGEST_TEXT, Failed, equal, number, text

LONGEST_FORMULA = 800
MOST_NODES = 150
DEEPEST = 20

_ALLOWED = (
    *(ast.Expression, ast.Expr, ast.Constant, ast.Name, ast.Load, ast.Call, ast.IfExp),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.UnaryOp, ast.USub, ast.Not, ast.BoolOp, ast.And, ast.Or),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
)


_FAILURES = (InvalidExpression, Failed, ValueError, TypeError, DecimalException, OverflowError, RecursionError)


def compile_formula(source: str, names: tuple[str, ...]) -> Formula:
    """The formula over the named fields, to be called with their values. Raises Malformed.

    With a single field `value` names it too. Called, it raises Unfit `formula_failed` where no value can be had.
    """
    return _compiled(source, names)


@lru_cache(maxsize=2048)
def _compiled(source: str, names: tuple[str, ...]) -> Formula:
    tree = _checked(source, {name.lower(): name for name in names} | ({"value": names[0]} if len(names) == 1 else {}))

    evaluator = SimpleEval(_OPERATORS, dict(FUNCTIONS), {})  # made once: each making costs more than a formula

    def formula(values: Mapping[str, Value]) -> Value:
        try:
            evaluator.names = {name: _taken(values[name]) for name in names}
            return _given(evaluator.eval(source, previously_parsed=tree))
        except _FAILURES as no:
            raise Unfit("formula_failed", f"cannot be computed: {_reason(no)}") from no

    return formula


def names_in(source: str) -> tuple[str, ...]:
    """The fields a formula names, as it spells them, each once. Raises Malformed where it cannot be read."""
    found: dict[str, None] = {}
    waiting: list[Any] = [_read(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name | ast.Attribute):
            found[_spelt(node)] = None
        elif isinstance(node, ast.Call):
            waiting += [*reversed(node.args)]
        elif isinstance(node, ast.AST):
            waiting += reversed(list(ast.iter_child_nodes(node)))
    return tuple(found)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Failed) else "the values do not suit the formula"


def _checked(source: str, fields: Mapping[str, str]) -> ast.expr:
    """The tree of a formula in which nothing but the allowed stands; names are the fields' own spelling."""
    checked: ast.expr = _node(_read(source), fields, 0)
    return checked


def _read(source: str) -> ast.expr:
    """The tree of a formula of bearable size, nothing of it checked yet."""
    if len(source) > LONGEST_FORMULA:
        raise Malformed(f"has {len(source)} characters, at most {LONGEST_FORMULA} are allowed")
    if "\\" in source:
        raise Malformed("holds a backslash, which means nothing here")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        raise Malformed("cannot be read; a choice is IF(condition, this, that)") from wrong
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise Malformed("has too many parts")
    return tree


def _node(node: Any, fields: Mapping[str, str], depth: int) -> Any:
    """A node with everything below it checked; fields stand under their own names."""
    if depth > DEEPEST:
        raise Malformed("is nested too deeply")
    if isinstance(node, ast.Name | ast.Attribute):
        return ast.Name(_field(node, fields), ast.Load())
    if not isinstance(node, _ALLOWED):
        raise Malformed(f"uses {type(node).__name__}, which formulas do not have")
    if isinstance(node, ast.Constant):
        return ast.Constant(_literal(node.value))
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.func.id.lower() not in FUNCTIONS:
            raise Malformed(f"calls {ast.unparse(node.func)[:40]!r}; functions are {', '.join(FUNCTIONS)}")
        if node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
            raise Malformed("gives a function something other than values")
        arguments = [_node(one, fields, depth + 1) for one in node.args]
        if node.func.id.lower() == "if" and len(arguments) == 3:
            return ast.IfExp(*arguments)  # of which only the chosen one is computed
        return ast.Call(ast.Name(node.func.id.lower(), ast.Load()), arguments, [])
    for name, part in ast.iter_fields(node):
        made = [_node(one, fields, depth + 1) for one in part] if isinstance(part, list) else part
        setattr(node, name, _node(part, fields, depth + 1) if isinstance(part, ast.AST) else made)
    return node


def _spelt(node: ast.Name | ast.Attribute) -> str:
    try:
        return ast.unparse(node)
    except RecursionError as deep:
        raise Malformed("is nested too deeply") from deep


def _field(node: ast.Name | ast.Attribute, fields: Mapping[str, str]) -> str:
    written = _spelt(node)
    if written.lower() not in fields:
        raise Malformed(f"names {written[:60]!r}; its fields are {', '.join(dict.fromkeys(fields.values()))}")
    return fields[written.lower()]


def _literal(value: object) -> Any:
    """A literal as formulas know it: text, a Decimal, true, false or nothing."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        made = Decimal(str(value)) if abs(value) < 10**LONGEST_NUMBER else Decimal("Infinity")
        if made.is_finite():
            return made
    raise Malformed("holds a literal that is neither text nor a number")


def _taken(value: Value) -> object:
    """A field's value as formulas know it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise Failed(f"a field is longer than {LONGEST_TEXT} characters")
    return value


def _given(value: object) -> Value:
    """What came out, as a value; an empty text is no value."""
    if isinstance(value, Decimal):
        return number(value)
    if value is None or isinstance(value, bool | date | datetime):
        return value
    if isinstance(value, str):
        return text(value) or None
    raise Failed("the result is no value")


def _plus(left: object, right: object) -> object:
    """Numbers are added, anything else is put together; nothing beside a text is an empty text."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return number(left + right)
    return text(text(left) + text(right))


def _arithmetic(does: Callable[[Decimal, Decimal], Decimal]) -> Callable[[object, object], Decimal]:
    def made(left: object, right: object) -> Decimal:
        return number(does(number(left), number(right)))

    return made


def _compared(does: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    """Order of two numbers, two texts or two dates; nothing is before and after nothing."""

    def made(left: object, right: object) -> bool:
        return left is not None and right is not None and bool(does(left, right))

    return made


_OPERATORS: dict[type, Callable[..., object]] = {
    ast.Add: _plus,
    ast.Sub: _arithmetic(operator.sub),
    ast.Mult: _arithmetic(operator.mul),
    ast.Div: _arithmetic(operator.truediv),
    ast.USub: lambda value: -number(value),
    ast.Not: lambda value: not value,
    ast.Eq: equal,
    ast.NotEq: lambda left, right: not equal(left, right),
    ast.Lt: _compared(operator.lt),
    ast.LtE: _compared(operator.le),
    ast.Gt: _compared(operator.gt),
    ast.GtE: _compared(operator.ge),
}
