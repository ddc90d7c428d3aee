"""Answers of a given structure: what is asked of the server, and what comes of its text."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError

from convo.errors import InvalidOption, UnparsedResponse
from convo.values import explain_validation


def parse(text: str, model: type[BaseModel]) -> Any:
    """Return ``text`` as a ``model``; raises UnparsedResponse naming the first field that is wrong."""
    try:
        return model.model_validate_json(text)
    except ValidationError as problem:
        said = explain_validation(problem, InvalidOption)
        raise UnparsedResponse(f"the answer is no {model.__name__}: {said}", text=text) from None


def response_format_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the ``response_format`` option that asks for a ``model``, strictly where strict servers can."""
    name = re.sub("[^a-zA-Z0-9_-]", "_", model.__name__)[:64]
    try:
        schema = _closed(model.model_json_schema())
    except (PydanticUserError, AttributeError) as problem:
        raise InvalidOption(
            f"response_model: {model.__name__} cannot be described by a JSON schema ({type(problem).__name__}): give a "
            "subclass of BaseModel whose fields JSON can hold",
            field="response_model",
        ) from None
    described = {"name": name, "schema": schema, "strict": _is_strict(schema)}
    return {"type": "json_schema", "json_schema": described}


def _closed(schema: Any) -> Any:
    """Return ``schema`` with its objects closed and all of their fields asked for: strict servers refuse it else."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(item) for name, item in schema.items()}
    if closed.get("type") == "object" and closed.get("properties") and "additionalProperties" not in closed:
        closed |= {"required": [*closed["properties"]], "additionalProperties": False}
    return closed


def _is_strict(schema: Any) -> bool:
    """Whether every object of ``schema`` is closed: one of any fields is nothing that strict servers take."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    return not is_open and all(map(_is_strict, schema.values()))
