"""Asking for a structure: the schema is closed where strict servers want it, and strict only where they take it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from convo.flows.structure import response_format_of
from convo.options import CompletionOptions


class Maker(BaseModel):
    name: str
    type: str | None = None


class Cheese(BaseModel):
    properties: dict[str, Maker] | None = None
    makers: list[Maker]
    months: int = 2


class Plain(BaseModel):
    maker: Maker
    months: int = 2


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class Empty(BaseModel):
    pass


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    described: dict[str, Any] = response_format_of(model)["json_schema"]
    return described


def test_every_object_is_closed_and_all_of_its_fields_are_asked_for() -> None:
    described = schema_of(Plain)
    schema = described["schema"]
    assert described["strict"] is True
    assert (schema["required"], schema["additionalProperties"]) == (["maker", "months"], False)
    maker = schema["$defs"]["Maker"]
    assert (maker["required"], maker["additionalProperties"]) == (["name", "type"], False)


@pytest.mark.parametrize("model", [Cheese, Open, Empty])
def test_what_may_hold_any_field_is_not_asked_for_strictly(model: type[BaseModel]) -> None:
    assert schema_of(model)["strict"] is False
    assert schema_of(model)["schema"].get("additionalProperties") in (True, False, None)


def test_a_field_called_like_a_word_of_schemas_is_a_field() -> None:
    schema = schema_of(Cheese)["schema"]
    assert set(schema["properties"]) == {"properties", "makers", "months"}
    assert schema["properties"]["properties"]["anyOf"][0]["additionalProperties"] == {"$ref": "#/$defs/Maker"}


@pytest.mark.parametrize("model", [Cheese, Plain, Open, Empty])
def test_it_is_an_option_like_any_other(model: type[BaseModel]) -> None:
    form = response_format_of(model)
    assert CompletionOptions(response_format=form).to_json()["response_format"] == form
