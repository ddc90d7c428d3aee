"""Tools made of plain functions: what the model is told of them, and what becomes of the arguments it gives.

Pure: nothing is called here.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from convo.errors import InvalidMessage, InvalidOption, InvalidSetting
from convo.flows.docstrings import Told, told_by
from convo.frozen import dataclass
from convo.messages import ToolCall, ToolMessage, tool_result
from convo.options import FunctionDefinition, Tool

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaWarningKind

Repeat = Literal["never", "safe"]
Approve = Callable[[ToolCall], Any] | bool | None
"""Who is asked before a call is made: a function, the one given to ``run`` (True, None), or nobody (False)."""

PROBLEMS_TOLD = 5
"""Wrong arguments of one call that the model is told about."""


@dataclass(frozen=True, kw_only=True)
class ToolFunction:
    """A function that a model may have called: made by ``tool``. Calling it calls the function.

    ``definition`` is what the model is told; ``timeout`` (seconds), ``approve`` and ``repeat`` are as ``tool`` says.
    """

    function: Callable[..., Any]
    definition: Tool
    timeout: float | None = None
    approve: Approve = None
    repeat: Repeat = "never"
    _arguments: type[BaseModel] = field(repr=False, compare=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as if it were no tool."""
        return self.function(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it as functions are: by where it is found, or where it was not put in its function's place, as made
        of that."""
        where = getattr(self.function, "__module__", ""), getattr(self.function, "__qualname__", "")
        if _found(*where) is self:
            return _found, where
        return _restored, (self.function, self.definition, self.timeout, self.approve, self.repeat)

    @property
    def name(self) -> str:
        """The name under which the model calls it."""
        return self._described.name

    @property
    def description(self) -> str:
        """What the model is told of its purpose."""
        return self._described.description

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON schema of its arguments."""
        return self._described.parameters

    @property
    def _described(self) -> FunctionDefinition:
        described = self.definition.function
        assert described is not None  # noqa: S101 - made so by ``tool``
        return described

    def arguments_of(self, call: ToolCall) -> dict[str, Any]:
        """Return the arguments of ``call`` as the function takes them; what is left out is left to its defaults.

        Raises InvalidMessage that says, for the model to read, what is wrong with them.
        """
        try:
            given = self._arguments.model_validate(call.parsed_arguments())
        except ValidationError as problem:
            raise InvalidMessage(f"the arguments of {self.name} are not valid: {_said(problem)}") from None
        fields = type(given).model_fields
        return {fields[name].alias or name: getattr(given, name) for name in fields if name in given.model_fields_set}


def _said(problem: ValidationError) -> str:
    errors = problem.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors[:PROBLEMS_TOLD]]
    more = len(errors) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more else [])])


@overload
def tool(
    function: Callable[..., Any],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    approve: Approve = None,
    repeat: Repeat = "never",
) -> ToolFunction: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    approve: Approve = None,
    repeat: Repeat = "never",
) -> Callable[[Callable[..., Any]], ToolFunction]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    approve: Approve = None,
    repeat: Repeat = "never",
) -> ToolFunction | Callable[[Callable[..., Any]], ToolFunction]:
    """Make a tool for ``run`` of a function, sync or async; also a decorator, with or without parentheses.

    The model is told ``name`` (the function's own), ``description`` (what its docstring says before its arguments)
    and the JSON schema of its parameters, from their type hints and defaults, with what the docstring says of each
    (an ``Args:`` section, or ``:param name:``). The function is called with arguments that were checked against it;
    what it returns (a text, chunks, or anything that has a JSON form) is the result. Sync functions are called in a
    thread, so they must not hold on to what belongs to another one; context variables go with them.

    ``timeout``: seconds after which the model is told that there is no result. A task is cancelled then; a thread
    cannot be, so it is left to itself and what it still returns is ignored.
    ``approve``: a function, sync or async, that is asked before each call with the ``ToolCall``: True permits it,
    False or a text (the reason, which the model is told) refuses. None: the one given to ``run`` is asked, if any;
    True: it must be there; False: nobody is asked.
    ``repeat``: whether a call that was in flight when its process died may be made again: ``"safe"``, or ``"never"``:
    the model is told then that it is not known whether the call took effect.

    Raises InvalidSetting for a function that cannot be described, InvalidOption for a name that models refuse.
    """
    if function is None:
        return partial(_made, name=name, description=description, timeout=timeout, approve=approve, repeat=repeat)
    return _made(function, name=name, description=description, timeout=timeout, approve=approve, repeat=repeat)


def _made(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    approve: Approve = None,
    repeat: Repeat = "never",
) -> ToolFunction:
    if not callable(function):
        raise InvalidSetting(f"a tool is made of a function, not of {type(function).__name__}", field="function")
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise InvalidSetting("timeout: must be a number of seconds greater than 0", field="timeout")
    if repeat not in ("never", "safe"):
        raise InvalidSetting("repeat: must be 'never' or 'safe'", field="repeat")
    if not (approve is None or isinstance(approve, bool) or callable(approve)):
        raise InvalidSetting("approve: must be a function of the call, True, False or None", field="approve")
    body = _body(function)
    name = name or getattr(function, "__name__", None) or type(function).__name__
    told = told_by(body)
    arguments, parameters = _arguments(function, body, name, told)
    described = FunctionDefinition(
        name=name, description=told.purpose if description is None else description, parameters=parameters
    )
    definition = Tool(type="function", function=described)
    return ToolFunction(
        function=function,
        definition=definition,
        timeout=timeout,
        approve=approve,
        repeat=repeat,
        _arguments=arguments,
    )


def _found(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module) or (import_module(module) if module else None)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _restored(
    function: Callable[..., Any], definition: Tool, timeout: float | None, approve: Approve, repeat: Repeat
) -> ToolFunction:
    made = _made(function, timeout=timeout, approve=approve, repeat=repeat)
    return replace(made, definition=definition)


def _body(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function behind ``function`` whose hints and docstring count: of a partial, of a callable object."""
    while isinstance(function, partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__


def _arguments(
    function: Callable[..., Any], body: Callable[..., Any], name: str, told: Told
) -> tuple[type[BaseModel], dict[str, Any]]:
    """Return a model of the function's parameters and its JSON schema.

    Its fields have names of their own, the parameters' are aliases: a parameter may be called like a model's method.
    """
    try:
        hints = _hints(body)
        parameters = inspect.signature(function).parameters.values()
        fields = {
            f"argument_{number}": (hints.get(parameter.name, Any), _field(parameter, hints, told))
            for number, parameter in enumerate(parameters)
        }
        model: type[BaseModel] = create_model("Arguments", __config__=_CLOSED, **fields)  # type: ignore[call-overload]
        schema = model.model_json_schema(schema_generator=_Schema)
    except (PydanticUserError, NameError, TypeError, ValueError) as problem:
        if isinstance(problem, InvalidSetting):
            raise
        raise InvalidSetting(
            f"the parameters of {name} cannot be described to a model ({type(problem).__name__}): give them type "
            "hints that exist when it runs and that JSON can express",
            field="function",
        ) from None
    return model, {key: value for key, value in schema.items() if key != "title"}


def _hints(body: Callable[..., Any]) -> dict[str, Any]:
    """Return the hints of the parameters; what is returned may have one that exists for type checkers alone."""
    given = {name: hint for name, hint in getattr(body, "__annotations__", {}).items() if name != "return"}
    names = getattr(inspect.unwrap(body), "__globals__", {})
    return get_type_hints(SimpleNamespace(__annotations__=given), names, include_extras=True)


_CLOSED = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Schema(GenerateJsonSchema):
    """Leaves out the titles, which repeat the names and cost tokens; a default without a JSON form is left out."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic calls it with the schema
        """Return that no field gets a title."""
        return False


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any], told: Told) -> Any:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise InvalidSetting(
            f"the parameter {parameter} of a tool must take one argument by its name, for so a model gives it",
            field="function",
        )
    facts: dict[str, Any] = {"alias": parameter.name}
    if parameter.default is not parameter.empty:
        facts["default"] = parameter.default
    if parameter.name in told.parameters and not _is_described(hints.get(parameter.name)):
        facts["description"] = told.parameters[parameter.name]
    return Field(**facts)


def _is_described(hint: Any) -> bool:
    return any(isinstance(extra, FieldInfo) and extra.description for extra in get_args(hint)[1:])


def result_of(call: ToolCall, value: Any) -> ToolMessage:
    """Return the message that answers ``call`` with what its function returned.

    A text and chunks stay as they are; anything else becomes JSON, pydantic's way (models, dataclasses, dates, sets).
    Raises InvalidMessage, or another ValueError, for what has no JSON form.
    """
    try:
        return tool_result(call, value)
    except InvalidMessage:
        return tool_result(call, to_jsonable_python(value))


def toolbox(given: Iterable[Any] | None) -> tuple[dict[str, ToolFunction], list[Tool]]:
    """Return the functions among ``given`` tools by name, and the definitions of all of them in the same order.

    ``given`` holds functions, what ``tool`` made of them, and definitions of the provider's own tools. Raises
    InvalidOption for the definition of a function without the function, since it could not be called.
    """
    if given is not None and (isinstance(given, str | Mapping) or not isinstance(given, Iterable)):
        raise InvalidOption("tools: must be a list of functions", field="tools")
    functions: dict[str, ToolFunction] = {}
    definitions: list[Tool] = []
    for item in given or ():
        if isinstance(item, Tool | Mapping):
            definitions.append(_provided(Tool.from_json(item)))
        else:
            made = item if isinstance(item, ToolFunction) else _made(item)
            functions[made.name] = made
            definitions.append(made.definition)
    return functions, definitions


def _provided(definition: Tool) -> Tool:
    if definition.function is not None:
        raise InvalidOption(
            f"tools: run() calls the tools, and has only the definition of {definition.function.name}: give it the "
            "function, or use send() and submit()",
            field="tools",
        )
    return definition
