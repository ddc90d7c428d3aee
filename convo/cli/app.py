"""The commands of ``convo``. What a command needs is imported when it runs, so that help comes at once.

For the same reason no module of commands says ``from __future__ import annotations``: typer would evaluate each of them
four times.
"""

import errno
import os
import sys
from typing import Annotated

import typer

from convo.cli import database, trials
from convo.cli.arguments import Id, IdAndBranch, Json, Owner, Url, check_who_answers, examples
from convo.errors import ConvoError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help comes at once; rich alone would take twice as long to import
    help="Durable, branching conversations with chat models, kept in your own SQL database.",
    epilog=examples(
        "convo demo                                  see what it does, offline",
        "convo chat mistral:mistral-medium-latest    chat, with MISTRAL_API_KEY set",
        "convo chat -c                               go on with the last conversation",
        "convo ls chat.db                            what is kept",
        "convo COMMAND --help                        more about a command",
    ),
)
app.add_typer(database.app, name="db")


def run() -> None:
    """Run the command line and exit with its code; see ``convo.cli.main``."""
    _fill_closed_streams()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except ConvoError as problem:
        from convo.harmless import one_line

        sys.exit(f"convo: {one_line(str(problem), 1000)}")
    except OSError as problem:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered has nowhere to go at exit either
        sys.exit(1 if problem.errno == errno.EPIPE else f"convo: input or output failed: {problem.strerror}")


def _fill_closed_streams() -> None:
    """Open what a shell has closed (``>&-``): else the next file, the database, would be standard output."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open as long as the process


def _version(wanted: bool) -> None:
    if wanted:
        from convo import __version__

        typer.echo(f"convo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Only ``--version`` is common to all commands."""


@app.command(epilog=examples("convo demo", "convo demo --db /tmp/demo.db"))
def demo(
    db: Annotated[
        str, typer.Option(help="The database to keep the conversation in: a file or a URL.")
    ] = "convo-demo.db",
    json: Json = False,
) -> None:
    """Show what convo does. Holds a short support conversation, offline, and shows what is kept of it."""
    from convo import Store
    from convo.cli import screen
    from convo.cli.demo import hold, present
    from convo.cli.opening import database_url, printable

    with Store(database_url(db)) as store:
        held = hold(store)
        if json:
            screen.show_json({"db": printable(db), "id": held[0].id, "branches": held[0].branches()})
            return
        present(held, printable(db))


@app.command(
    epilog=examples(
        "convo chat mistral:mistral-medium-latest --system 'Be terse.'",
        "convo chat --base-url http://127.0.0.1:8080/v1 --model local",
        "convo chat -c",
        "convo chat --id 01a207cb-55ce-710f-8585-c5b60f0bdd81@main",
        "echo 'Say hello.' | convo chat scripted:",
    )
)
def chat(
    context: typer.Context,
    backend: Annotated[
        str | None,
        typer.Argument(
            envvar="CONVO_BACKEND", help="Who answers: mistral:mistral-medium-latest, ollama:llama3.2, scripted: …"
        ),
    ] = None,
    db: Annotated[
        str, typer.Option(envvar="CONVO_DB", help="The database to keep it in: a file or a URL.")
    ] = "chat.db",
    goes_on: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the last conversation.")] = False,
    id: Annotated[str | None, typer.Option(metavar="ID[@BRANCH]", help="Go on with this one.")] = None,
    base_url: Annotated[str | None, typer.Option(help="A server that speaks OpenAI's protocol.")] = None,
    model: Annotated[str | None, typer.Option(help="The model to ask for there.")] = None,
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose conversation it is.", show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print each whole answer as a line of JSON.")] = False,
) -> None:
    """Chat with a model. Every message is kept, and /help tells what can be done with them.

    Keys are taken from the environment: MISTRAL_API_KEY, OPENAI_API_KEY …, CONVO_API_KEY with --base-url.
    Lines from a pipe are sent one after the other.
    """
    from convo.cli.chat.start import Answering, Wanted, run
    from convo.cli.opening import database_url, known_database

    check_who_answers(context, base_url, model)
    if goes_on and id is not None:
        raise typer.BadParameter("--continue and --id are two conversations: give one of them")
    url = known_database(db) if goes_on or id is not None else database_url(db)
    answering = Answering(backend, base_url, model)
    run(Wanted(url, answering, goes_on=goes_on, id=id, system=system, owner=owner, json=json))


@app.command(epilog=examples("convo ls chat.db", "convo ls chat.db --json | jq -r '.[].id'"))
def ls(
    url: Url,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """List the conversations. The most recently active come first."""
    from convo.cli import pictures, screen
    from convo.cli.opening import newest, open_store

    with open_store(url, owner) as store:
        infos = newest(store, limit)
        if json:
            screen.show_json(list(infos))
            return
        screen.show(*pictures.listing(infos))


@app.command(epilog=examples("convo search chat.db cheese", "convo search chat.db 'rye bread' --owner ann --limit 500"))
def search(
    url: Url,
    text: Annotated[str, typer.Argument(help="What the messages hold, whatever its case.")],
    limit: Annotated[int, typer.Option(min=1, help="Look through so many conversations.")] = 50,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Find a text. It is looked for in the newest messages of the conversations last active."""
    from convo.cli import pictures, screen
    from convo.cli.opening import open_store, searched

    with open_store(url, owner) as store:
        hits = searched(store, text, limit)
        if json:
            screen.show_json(list(hits))
            return
        screen.show(*pictures.hits(hits, text))


@app.command(epilog=examples("convo show chat.db ID", "convo show chat.db ID@warmer --full"))
def show(
    url: Url,
    id: IdAndBranch,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many messages, the newest.")] = 200,
    full: Annotated[bool, typer.Option("--full", help="Fold and cut nothing.")] = False,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Show the messages of a branch. It is the active one, or the one named after the @."""
    from convo.cli import pictures, screen
    from convo.cli.opening import load, open_store

    with open_store(url, owner) as store:
        entries = load(store, id).history(limit=limit)
        if json:
            screen.show_json(entries)
            return
        screen.show(pictures.transcript(entries, full=full))


@app.command(epilog=examples("convo tree chat.db ID", "convo tree chat.db ID --limit 10000"))
def tree(
    url: Url,
    id: Id,
    limit: Annotated[int, typer.Option(min=1, help="At most about this many branches.")] = 200,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Show the branches of a conversation. Each with where it was forked and how many turns it has."""
    from convo.cli import pictures, screen
    from convo.cli.opening import load, open_store

    with open_store(url, owner) as store:
        chat = load(store, id)
        if json:
            screen.show_json(chat.branches())
            return
        screen.show(pictures.tree(chat.info(), chat.branches(), chat.turn_counts(), limit))


@app.command(
    epilog=examples(
        "convo explain chat.db ID", "convo explain chat.db ID@warmer 'Thank you!'", "convo explain chat.db ID --turn 3"
    )
)
def explain(
    url: Url,
    id: IdAndBranch,
    message: Annotated[
        str | None,
        typer.Argument(help="What the user would say next.", show_default=False),
    ] = None,
    turn: Annotated[
        str | None,
        typer.Option(help="What the model saw in this turn: its number, -1 for the last, or id.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="A line for every message that is left out.")] = False,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Explain what the model would be sent. Each message is in or out, by a rule, with its tokens.

    With --turn, what it was sent in a turn: rebuilt from the record, and proven by its hash.
    """
    from convo.cli import pictures, screen
    from convo.cli.opening import SOMETHING, load, next_message, open_store, turn_reference

    if message is not None and turn is not None:
        raise typer.BadParameter("--turn tells of what was sent, a message of what would be: give one of them")
    with open_store(url, owner) as store:
        chat = load(store, id)
        coming = next_message(message, chat.history(limit=1)) if turn is None else None
        account = chat.explain(coming, turn=turn_reference(turn))
        if json:
            screen.show_json(account)
            return
        screen.show(pictures.explanation(account, full=full, coming=coming == SOMETHING))


@app.command(
    epilog=examples(
        "convo usage chat.db ID",
        "convo usage chat.db ID --plot",
        "convo usage chat.db ID --json | jq '.[].calls[].usage'",
    )
)
def usage(
    url: Url,
    id: IdAndBranch,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The turns of at most this many messages.")] = 200,
    cost: Annotated[bool, typer.Option("--cost", help="What all of the branch costs in US dollars.")] = False,
    plot: Annotated[bool, typer.Option("--plot", help="A bar a turn: where its last call's tokens went.")] = False,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Show the tokens of a branch's turns. They are what the backends reported, retries and tool rounds included."""
    from convo.cli import pictures, screen
    from convo.cli.opening import load, open_store

    with open_store(url, owner) as store:
        chat = load(store, id)
        if plot:
            from convo.cli import plots

            turns = chat.usage_by_turn(limit=limit)
            screen.show_json(turns) if json else screen.show(plots.usage(turns))
            return
        records = [chat.turn(turn.id) for turn in chat.turns(limit=limit)]
        price = chat.usage().cost() if cost else None
        if json:
            screen.show_json([{"turn": turn, "calls": calls} for turn, calls in records])
            return
        screen.show(pictures.usage(records, price))


trials.add_to(app)


@app.command(epilog=examples("convo verify chat.db"))
def verify(url: Url, owner: Owner = None, json: Json = False) -> None:
    """Look for damage. Prints what is wrong in which conversation, and exits with 1 where anything is."""
    from convo.cli import screen
    from convo.cli.opening import open_store

    with open_store(url, owner) as store:
        found = list(store.verify())
    if json:
        screen.show_json(found)
    else:
        lines = [f"{finding.conversation_id}  {finding.kind}: {finding.detail}" for finding in found]
        screen.show(*lines, f"{len(found)} findings" if found else "nothing is damaged")
    raise typer.Exit(1 if found else 0)
