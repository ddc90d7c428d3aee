"""Tools made of functions: what the model is told of them, and what becomes of the arguments it gives."""

from __future__ import annotations

import datetime
import enum
import json
from collections.abc import Callable
from functools import partial, wraps
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from convo import ToolFunction, tool, tool_call
from convo.errors import InvalidMessage, InvalidOption, InvalidSetting
from convo.flows.toolbox import result_of, toolbox


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Place(BaseModel):
    city: str
    country: str = "FR"


def forecast(
    place: Place,
    days: int = 3,
    *,
    unit: Unit = Unit.CELSIUS,
    since: datetime.date | None = None,
    level: Annotated[int, Field(ge=1, description="How much detail")] = 1,
    json: Literal["yes", "no"] = "no",
) -> str:
    """Tell the weather of the coming days.

    It is never wrong.

    Args:
        place: Where,
            and in which country.
        days (int): How many: at most 7.
        level: This is said better in the annotation.

    Returns:
        A text.
    """
    return f"{place.city} {days} {unit.value} {since} {level} {json}"


def call(**arguments: Any) -> Any:
    return tool_call("forecast", arguments)


def test_the_schema_is_that_of_the_signature_with_what_the_docstring_says() -> None:
    made = tool(forecast)
    properties = made.parameters["properties"]
    assert (made.name, made.description) == (
        "forecast",
        "Tell the weather of the coming days.\n\nIt is never wrong.",
    )
    assert made.parameters["required"] == ["place"]
    assert made.parameters["additionalProperties"] is False
    assert properties["days"] == {"type": "integer", "default": 3, "description": "How many: at most 7."}
    assert properties["level"] == {"type": "integer", "default": 1, "minimum": 1, "description": "How much detail"}
    assert properties["json"] == {"type": "string", "enum": ["yes", "no"], "default": "no"}
    assert properties["place"]["description"] == "Where, and in which country."
    assert made.parameters["$defs"]["Place"]["required"] == ["city"]
    assert json.loads(json.dumps(made.definition.to_json()))["function"]["parameters"] == made.parameters


def test_a_docstring_in_the_other_style_is_understood() -> None:
    def add(a: int, b: int) -> int:
        """Add.

        :param int a: the first,
            which may be negative
        :param b: the second
        :returns: the sum
        """
        return a + b

    properties = tool(add).parameters["properties"]
    assert tool(add).description == "Add."
    assert [properties[name]["description"] for name in "ab"] == ["the first, which may be negative", "the second"]


def test_what_the_model_gives_comes_as_the_hints_say() -> None:
    given = call(place={"city": "Paris"}, days="5", unit="f", since="2026-01-31", json="yes")
    assert tool(forecast).arguments_of(given) == {
        "place": Place(city="Paris"),
        "days": 5,
        "unit": Unit.FAHRENHEIT,
        "since": datetime.date(2026, 1, 31),
        "json": "yes",
    }


def test_what_the_model_leaves_out_is_left_to_the_functions_own_defaults() -> None:
    seen: list[Any] = []

    def note(text: str, into: list[Any] = seen) -> None:
        into.append(text)

    made = tool(note)
    made(**made.arguments_of(tool_call("note", {"text": "hello"})))
    assert seen == ["hello"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "place: Field required"),
        ({"place": {"city": "Paris"}, "days": "many"}, "days: Input should be a valid integer"),
        ({"place": {"city": "Paris"}, "level": 0}, "level: Input should be greater than or equal to 1"),
        ({"place": {"town": "Paris"}}, "place.city: Field required"),
        ({"place": {"city": "Paris"}, "speed": 1}, "speed: Extra inputs are not permitted"),
        ("[1]", "not a JSON object"),
        ('{"place": ', "not JSON"),
    ],
)
def test_wrong_arguments_are_explained_without_repeating_them(arguments: Any, said: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        tool(forecast).arguments_of(tool_call("forecast", arguments))
    assert said in str(caught.value)
    assert "Paris" not in str(caught.value)
    assert "many" not in str(caught.value)


def test_of_many_wrong_arguments_the_first_are_told() -> None:
    wrong = {f"wrong_{number}": 1 for number in range(20)}
    with pytest.raises(InvalidMessage, match="and 16 more"):
        tool(forecast).arguments_of(tool_call("forecast", wrong))


class Asker:
    """A service."""

    def __call__(self, question: str) -> str:
        """Ask it."""
        return question

    def method(self, question: str) -> str:
        """Ask its method."""
        return question


@pytest.mark.parametrize(
    ("function", "name", "description"),
    [
        (Asker(), "Asker", "Ask it."),
        (Asker().method, "method", "Ask its method."),
        (tool(partial(forecast, days=1), name="tomorrow"), "tomorrow", "Tell the weather of the coming days."),
        (tool(lambda question: question, name="echo", description="Say it again."), "echo", "Say it again."),
        (tool(name="later")(forecast), "later", "Tell the weather of the coming days."),
    ],
)
def test_anything_callable_is_a_tool(function: Any, name: str, description: str) -> None:
    made = function if isinstance(function, ToolFunction) else tool(function)
    assert made.name == name
    assert made.description.startswith(description)


def test_a_decorated_function_can_still_be_called() -> None:
    @tool
    def double(number: int) -> int:
        return 2 * number

    @tool(timeout=5, repeat="safe", approve=False)
    def half(number: int) -> float:
        return number / 2

    assert (double(4), half(4), half.timeout, half.repeat) == (8, 2, 5, "safe")


def returns_what_only_checkers_know(number: int) -> Nothing:  # type: ignore[name-defined]  # noqa: F821
    return number


def test_a_hint_of_what_is_returned_need_not_exist() -> None:
    assert tool(returns_what_only_checkers_know).parameters["required"] == ["number"]


def test_a_wrapped_function_is_described_as_what_it_wraps() -> None:
    @wraps(forecast)
    def wrapped(*args: Any, **kwargs: Any) -> str:
        return forecast(*args, **kwargs).upper()

    made = tool(wrapped)
    assert made.definition == tool(forecast).definition
    assert made(**made.arguments_of(call(place={"city": "Paris"}))) == "PARIS 3 C NONE 1 NO"


def unnamed(*numbers: int) -> int:
    return sum(numbers)


def any_name(**numbers: int) -> int:
    return sum(numbers.values())


def by_place(number: int, /) -> int:
    return number


def unknown_hint(number: Nothing) -> int:  # type: ignore[name-defined]  # noqa: F821
    return number


def no_json(number: Asker) -> int:
    return 0


@pytest.mark.parametrize("function", [unnamed, any_name, by_place, unknown_hint, no_json, dict.fromkeys, 3])
def test_a_function_that_cannot_be_described_is_refused_when_the_tool_is_made(function: Any) -> None:
    with pytest.raises(InvalidSetting):
        tool(function)


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"timeout": "1"}, {"repeat": "always"}, {"approve": "yes"}])
def test_what_a_tool_declares_is_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting):
        tool(forecast, **wrong)


def test_a_name_that_models_refuse_is_refused() -> None:
    with pytest.raises(InvalidOption, match="name"):
        tool(lambda: None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (None, "null"),
        ({"temperature": 24.5, "sky": ["blue"]}, '{"temperature":24.5,"sky":["blue"]}'),
        (Place(city="Paris"), '{"city":"Paris","country":"FR"}'),
        ({"when": datetime.date(2026, 1, 31), "unit": Unit.CELSIUS}, '{"when":"2026-01-31","unit":"c"}'),
        ([{"type": "text", "text": "a chunk"}], "a chunk"),
        ({"half": "\ud83d"}, '{"half":"\\ud83d"}'),
    ],
)
def test_what_a_function_returns_becomes_a_result(value: Any, text: str) -> None:
    made = result_of(tool_call("forecast", {}, id="c1"), value)
    assert (made.text, made.tool_call_id, made.name) == (text, "c1", "forecast")


@pytest.mark.parametrize("value", [object(), float("nan"), b"\xff", {1: {2: object()}}])
def test_what_has_no_json_form_is_no_result(value: Any) -> None:
    with pytest.raises(ValueError):
        result_of(tool_call("forecast", {}), value)


def test_functions_and_the_providers_own_tools_are_offered_in_the_order_given() -> None:
    functions, definitions = toolbox([forecast, {"type": "web_search"}, tool(forecast, name="again")])
    assert [*functions] == ["forecast", "again"]
    assert [each.function.name if each.function else each.type for each in definitions] == [
        "forecast",
        "web_search",
        "again",
    ]


DEFINITION = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("given", ["forecast", DEFINITION, [DEFINITION], 7])
def test_a_toolbox_of_anything_but_functions_is_refused(given: Any) -> None:
    with pytest.raises(InvalidOption):
        toolbox(given)


def test_parameters_may_be_called_like_methods_of_a_model() -> None:
    def odd(copy: int, model_config: str, schema: bool = True, _hidden: int = 1) -> None:
        """Be odd."""

    function: Callable[..., Any] = odd
    given = {"copy": 1, "model_config": "x", "_hidden": 2}
    assert tool(function).arguments_of(tool_call("odd", given)) == given
