"""The arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer


def examples(*lines: str) -> str:
    """Return the end of a command's help: lines that can be typed as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="The database: sqlite:///chat.db (or the path of the file), postgresql://user@host/db, mariadb://user@host/db.",
        show_default=False,
    ),
]


def _known_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Return what the shell completes an ID to: the latest conversations, after an @ the branches of that one."""
    from convo.cli.opening import known_ids
    from convo.errors import ConvoError

    try:
        return known_ids(str(context.params.get("url")), incomplete)
    except ConvoError:
        return []


Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A conversation, as 'convo ls' shows it.",
        show_default=False,
        autocompletion=_known_ids,
    ),
]
IdAndBranch = Annotated[
    str,
    typer.Argument(
        metavar="ID[@BRANCH]",
        help="A conversation, as 'convo ls' shows it, and a branch of it.",
        show_default=False,
        autocompletion=_known_ids,
    ),
]
Owner = Annotated[str | None, typer.Option(help="See the conversations of this owner only.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a picture.")]


def check_who_answers(context: typer.Context, base_url: str | None, model: str | None) -> None:
    """Refuse a command line on which two were named to answer, or a model and nobody to ask for it."""
    source = context.get_parameter_source("backend")
    if base_url and source and source.name == "COMMANDLINE":
        raise typer.BadParameter("a backend and --base-url are two answers to who answers: give one of them")
    if model and not base_url:
        raise typer.BadParameter("--model goes with --base-url; a backend by name has it after the colon")
