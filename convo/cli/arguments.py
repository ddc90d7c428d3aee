"""The arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="The database: sqlite:///chat.db (or the path of the file), postgresql://user@host/db, mariadb://user@host/db.",
        show_default=False,
    ),
]
Id = Annotated[str, typer.Argument(metavar="ID", help="A conversation, as 'convo ls' shows it.", show_default=False)]
IdAndBranch = Annotated[
    str,
    typer.Argument(
        metavar="ID[@BRANCH]", help="A conversation, as 'convo ls' shows it, and a branch of it.", show_default=False
    ),
]
Owner = Annotated[str | None, typer.Option(help="See the conversations of this owner only.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a picture.")]
