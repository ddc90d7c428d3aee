"""``convo db``: the schema of a database."""

from __future__ import annotations

import typer

from convo.cli.arguments import Url

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make a database ready. Creates and upgrades convo's tables, and looks at their schema.",
)


@app.command()
def upgrade(url: Url) -> None:
    """Create or upgrade convo's tables. Safe to run again, and from several machines at once."""
    from convo.cli.opening import database_url
    from convo.store import schema

    typer.echo(f"schema {schema.upgrade(database_url(url))}, up to date")


@app.command()
def check(url: Url) -> None:
    """Check the schema. Exits with 1 where it is not this release's."""
    from convo.cli.opening import database_url
    from convo.store import schema

    schema.check(database_url(url, exists=True))
    typer.echo(f"schema {schema.HEAD}, up to date")


@app.command()
def current(url: Url) -> None:
    """Print the schema's revision. It is 'none' where there are no tables of convo."""
    from convo.cli.opening import database_url
    from convo.store import schema

    typer.echo(schema.revision(database_url(url, exists=True)) or "none")
