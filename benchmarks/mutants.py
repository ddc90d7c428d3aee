"""Mutation testing: does a test fail when a line of the code says something else?

    python -m benchmarks.mutants                                  # every mutant of convo/context: about an hour
    python -m benchmarks.mutants --sample 400 --seed 7            # so many of them, drawn at random
    python -m benchmarks.mutants --package convo/context --tests tests/unit/context --only compose

Prints the share that was killed and every mutant that was not. The tests are collected once, and run once to learn
which of them reach which function; then each mutant runs in a fork of its own, the quickest tests that reach it first.
Only what stands in functions is changed, not constants of a module; texts of errors are left alone.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import os
import random
import signal
import sys
import time
import types
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE = 60
"""Seconds after which a mutant that has not ended counts as killed: it loops."""

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
Key = tuple[str, str, int]
"""A function: its module, its qualified name, its first line."""


@dataclass(frozen=True)
class Mutant:
    """One change of one function: ``tree`` is the whole module with it."""

    key: Key
    line: int
    said: str
    tree: ast.Module


def changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield what can be said in the place of ``node``: (how it reads, a function that makes it so in place)."""
    if isinstance(node, ast.Compare):
        for index, was in enumerate(node.ops):
            if type(was) in _COMPARED:
                new = _COMPARED[type(was)]()
                yield (
                    f"{type(was).__name__} -> {type(new).__name__}",
                    lambda it, index=index, new=new: it.ops.__setitem__(index, new),
                )
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{type(node.op).__name__} -> {type(other).__name__}", lambda it: setattr(it, "op", other)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _COUNTED:
        turned = _COUNTED[type(node.op)]()
        yield f"{type(node.op).__name__} -> {type(turned).__name__}", lambda it: setattr(it, "op", turned)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not x -> bool(x)", lambda it: setattr(it, "operand", ast.UnaryOp(ast.Not(), it.operand))
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return None", lambda it: setattr(it, "value", ast.Constant(None))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "if not …", lambda it: setattr(it, "test", ast.UnaryOp(ast.Not(), it.test))
    elif isinstance(node, ast.Break):
        yield "break -> continue", None


def _constants(node: ast.Constant) -> Iterator[tuple[str, Any]]:
    if isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", lambda it: setattr(it, "value", not it.value)
    elif isinstance(node.value, int | float):
        yield f"{node.value} -> {node.value + 1}", lambda it: setattr(it, "value", it.value + 1)
    elif isinstance(node.value, str) and node.value:
        yield f"{node.value[:20]!r} -> another text", lambda it: setattr(it, "value", it.value + "~")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of the module at ``path``."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, function in _functions(tree, ""):
        first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
        body = [node for statement in function.body for node in _reached(statement)]
        for node in body:
            for said, change in changes(node):
                yield Mutant((module, name, first), node.lineno, said, _changed(tree, node, change))  # type: ignore[attr-defined]


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


def _reached(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below ``node`` but docstrings, annotations, assertions, and the texts of what is raised."""
    if isinstance(node, ast.Assert) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or (isinstance(node, ast.Raise) and name == "exc"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                yield from _reached(child)


def _changed(tree: ast.Module, node: ast.AST, change: Any) -> ast.Module:
    memo: dict[int, Any] = {}
    new = copy.deepcopy(tree, memo)
    twin = memo[id(node)]
    if change is None:
        for parent in ast.walk(new):
            for block in ("body", "orelse"):
                held = getattr(parent, block, None)
                if isinstance(held, list) and twin in held:
                    held[held.index(twin)] = ast.copy_location(ast.Continue(), twin)
    else:
        change(twin)
    return ast.fix_missing_locations(new)


def live_functions(module: types.ModuleType) -> dict[tuple[str, int], types.FunctionType]:
    """Return the functions of ``module`` as they are called, by qualified name and first line."""
    found: dict[tuple[str, int], types.FunctionType] = {}
    waiting: list[Any] = list(vars(module).values())
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and each.__module__ == module.__name__:
            waiting += vars(each).values()
        for function in (each, *(getattr(each, name, None) for name in ("fget", "func", "__func__", "__wrapped__"))):
            if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                found[function.__code__.co_qualname, function.__code__.co_firstlineno] = function
    return found


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


class Mutation:
    """A pytest plugin that runs the collected tests once for each mutant, in place of the usual loop."""

    def __init__(self, mutants: list[Mutant], slowest: float) -> None:
        self.mutants, self.slowest = mutants, slowest
        self.reached: dict[Key, list[tuple[float, Any]]] = defaultdict(list)
        self.outcome: dict[str, list[Mutant]] = {"killed": [], "survived": [], "unreached": []}

    @cached_property
    def functions(self) -> dict[Key, types.FunctionType]:
        modules = {mutant.key[0] for mutant in self.mutants}
        return {
            (module, *place): function
            for module in modules
            for place, function in live_functions(importlib.import_module(module)).items()
        }

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn what each test reaches, then try the mutants."""
        for item in session.items:
            self._learn(item)
        started = time.monotonic()
        for number, mutant in enumerate(self.mutants, 1):
            self.outcome[self._tried(mutant)].append(mutant)
            if number % 50 == 0:
                spent = time.monotonic() - started
                killed = len(self.outcome["killed"])
                print(f"\n{number} of {len(self.mutants)}, {killed / number:.1%} killed, {spent:.0f} s", flush=True)
        return True

    def _learn(self, item: Any) -> None:
        wanted = {id(function.__code__): key for key, function in self.functions.items()}
        seen: set[Key] = set()

        def profile(frame: types.FrameType, event: str, _: Any) -> None:
            if event == "call" and id(frame.f_code) in wanted:
                seen.add(wanted[id(frame.f_code)])

        started = time.process_time()
        sys.setprofile(profile)
        try:
            failed = not _passes(item)
        finally:
            sys.setprofile(None)
        if failed:
            raise SystemExit(f"{item.nodeid} fails without any mutant")
        spent = time.process_time() - started
        for key in seen if spent <= self.slowest else ():
            self.reached[key].append((spent, item))

    def _tried(self, mutant: Mutant) -> str:
        tests = [item for _, item in sorted(self.reached[mutant.key], key=lambda pair: pair[0])]
        if not tests or mutant.key not in self.functions:
            return "unreached"
        child = os.fork()
        if child == 0:
            self._judge(mutant, tests)
        _, status = os.waitpid(child, 0)
        return "survived" if status == 0 else "killed"

    def _judge(self, mutant: Mutant, tests: list[Any]) -> None:
        """In a fork: put the mutant in place, and leave with 0 where every test passes."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        signal.alarm(PATIENCE)
        try:
            module, name, first = mutant.key
            whole = compile(mutant.tree, sys.modules[module].__file__ or "", "exec", dont_inherit=True)
            code = next(each for each in _codes(whole) if (each.co_qualname, each.co_firstlineno) == (name, first))
            self.functions[mutant.key].__code__ = code
            os._exit(0 if all(map(_passes, tests)) else 1)
        except BaseException:
            os._exit(1)


def _passes(item: Any) -> bool:
    reports: list[Any] = pytest_runner().runtestprotocol(item, log=False)
    return all(report.passed for report in reports)


def pytest_runner() -> Any:
    """The module of pytest that runs one test."""
    return importlib.import_module("_pytest.runner")


def drawn(arguments: argparse.Namespace) -> list[Mutant]:
    """Return the mutants to try."""
    paths = sorted((ROOT / arguments.package).glob("*.py"))
    chosen = [path for path in paths if not arguments.only or path.stem in arguments.only]
    mutants = [mutant for path in chosen for mutant in mutants_of(path)]
    if arguments.sample and arguments.sample < len(mutants):
        mutants = random.Random(arguments.seed).sample(mutants, arguments.sample)
    return mutants


def main() -> None:
    """Try the mutants; print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--package", default="convo/context")
    parser.add_argument("--tests", nargs="+", default=["tests/unit/context"])
    parser.add_argument("--only", nargs="*", default=[], help="names of modules")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slowest", type=float, default=2.0, help="seconds of a test beyond which it is left out")
    arguments = parser.parse_args()
    os.environ.setdefault("CONVO_TEST_EXAMPLES", "40")
    mutants = drawn(arguments)
    print(f"{len(mutants)} mutants, seed {arguments.seed}", flush=True)
    plugin = Mutation(mutants, arguments.slowest)
    pytest.main(["-q", "-p", "no:cacheprovider", "-s", "-p", "no:terminalreporter", *arguments.tests], plugins=[plugin])
    tried = len(plugin.outcome["killed"]) + len(plugin.outcome["survived"])
    by_module = Counter(mutant.key[0] for mutant in plugin.outcome["survived"])
    for kind in ("survived", "unreached"):
        for mutant in sorted(plugin.outcome[kind], key=lambda each: (each.key[0], each.line)):
            print(f"{kind}: {mutant.key[0].replace('.', '/')}.py:{mutant.line} in {mutant.key[1]}: {mutant.said}")
    print(dict(by_module))
    killed, missed = len(plugin.outcome["killed"]), len(plugin.outcome["unreached"])
    print(f"{killed} of {tried} killed ({killed / max(tried, 1):.1%}), {missed} not reached")


if __name__ == "__main__":
    main()
