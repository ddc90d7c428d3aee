"""``convo db``: the schema of a database."""

from json import dumps

import typer

from convo.cli.arguments import Json, Url, examples

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make a database ready. Creates and upgrades convo's tables, and looks at their schema.",
    epilog=examples("convo db upgrade postgresql://user@host/db", "convo db check sqlite:///chat.db"),
)


@app.command()
def upgrade(url: Url, json: Json = False) -> None:
    """Create or upgrade convo's tables. Safe to run again, and from several machines at once."""
    from convo.cli.opening import database_url
    from convo.store import schema

    _tell(schema.upgrade(database_url(url)), json)


@app.command()
def check(url: Url, json: Json = False) -> None:
    """Check the schema. Exits with 1 where it is not this release's."""
    from convo.cli.opening import known_database
    from convo.store import schema

    schema.check(known_database(url))
    _tell(schema.HEAD, json)


@app.command()
def current(url: Url, json: Json = False) -> None:
    """Print the schema's revision. It is 'none' where there are no tables of convo."""
    from convo.cli.opening import database_url, has_tables
    from convo.store import schema

    known = database_url(url, exists=True)
    found = schema.revision(known) if has_tables(known) else None
    typer.echo(dumps({"schema": found}) if json else found or "none")


def _tell(revision: str, json: bool) -> None:
    typer.echo(dumps({"schema": revision}) if json else f"schema {revision}, up to date")
