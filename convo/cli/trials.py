"""``convo fork``, ``replay`` and ``diff``: to try a conversation again, and to lay what came of it side by side."""

from typing import Annotated, Literal

import typer

from convo.cli.arguments import Id, IdAndBranch, Json, Owner, Url, check_who_answers, examples


def add_to(app: typer.Typer) -> None:
    """Make these commands of ``app``."""
    app.command(epilog=examples("convo fork chat.db ID", "convo fork chat.db ID@warmer --at 4 --name colder"))(fork)
    app.command(
        epilog=examples(
            "convo replay chat.db ID mistral:mistral-small-latest",
            "convo replay chat.db ID@main scripted:Hello --system 'Be kind.' --set temperature=0 --name kind",
            "convo replay chat.db ID mistral:mistral-large-latest --dry-run",
            "convo replay chat.db ID mistral:mistral-large-latest --name large --resume",
        )
    )(replay)
    app.command(
        epilog=examples(
            "convo diff chat.db ID main warmer",
            "convo diff chat.db ID main warmer colder",
            "convo diff chat.db ID main warmer --html > diff.html",
        )
    )(diff)


def fork(
    url: Url,
    id: IdAndBranch,
    at: Annotated[
        int | None,
        typer.Option(metavar="SEQ", min=1, help="The message to stand on, else the last.", show_default=False),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The new branch's name.", show_default=False)] = None,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Fork a branch. A new one stands on a message of it; nothing is copied, and the active branch stays."""
    from convo.cli import screen
    from convo.cli.opening import entry_at, load, open_store
    from convo.harmless import one_line

    with open_store(url, owner) as store:
        chat = load(store, id)
        made = chat.fork(None if at is None else entry_at(chat, at), name).branch
        if json:
            screen.show_json(made)
            return
        screen.show(f"{chat.id}@{one_line(made.name, 255)}")


def replay(
    context: typer.Context,
    url: Url,
    id: IdAndBranch,
    backend: Annotated[
        str | None,
        typer.Argument(envvar="CONVO_BACKEND", help="Who answers now: mistral:mistral-small-latest, scripted: …"),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="A server that speaks OpenAI's protocol.")] = None,
    model: Annotated[str | None, typer.Option(help="The model to ask for there.")] = None,
    system: Annotated[str | None, typer.Option(help="Another system prompt.", show_default=False)] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=JSON", help="Another option, temperature=0 say.")
    ] = None,
    window: Annotated[int | None, typer.Option(min=1, help="Another window, in tokens.", show_default=False)] = None,
    first: Annotated[
        int | None, typer.Option("--from", metavar="SEQ", min=1, help="Begin with the turn of this message.")
    ] = None,
    tools: Annotated[
        Literal["recorded", "ask"],
        typer.Option(help="Where results of tool calls come from; ask: from you, where none is on record."),
    ] = "recorded",
    name: Annotated[str | None, typer.Option(help="The new branch's name.", show_default=False)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the replay on the branch of that name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing; say what it would use and cost.")] = False,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Send a branch's questions again. Another model, prompt or window answers them, on a new branch."""
    from convo.cli.opening import load, open_store
    from convo.cli.replaying import Wanted, run

    check_who_answers(context, base_url, model)
    options = {"system": system, "set": set_ or [], "window": window, "first": first, "tools": tools, "name": name}
    wanted = Wanted(backend, base_url, model, options, resume=resume, dry_run=dry_run, json=json, url=url)
    with open_store(url, owner) as store:
        run(load(store, id), wanted)


def diff(
    url: Url,
    id: Id,
    branches: Annotated[
        list[str], typer.Argument(metavar="BRANCH...", help="Two branches (one: with the active one), or more.")
    ],
    full: Annotated[bool, typer.Option("--full", help="Cut nothing.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Print a page of HTML.")] = False,
    owner: Owner = None,
    json: Json = False,
) -> None:
    """Lay branches side by side. What they share is folded, texts are compared by word, more than two are a table."""
    from convo.cli import screen, sides
    from convo.cli.opening import load, open_store

    if json + markdown + html > 1:
        raise typer.BadParameter("--json, --markdown and --html are three ways to print it: give one of them")
    with open_store(url, owner) as store:
        chat = load(store, id)
        names = branches if len(branches) > 1 else [chat.branch.name, *branches]
        pair = chat.diff(*names) if len(names) == 2 else None
        found = pair or chat.compare(*names)
        if json:
            screen.show_json(found)
        elif markdown or html:
            typer.echo(found.html() if html else found.markdown())
        else:
            screen.show(sides.comparison(pair, full=full) if pair else sides.table(found, full=full))  # type: ignore[arg-type]
