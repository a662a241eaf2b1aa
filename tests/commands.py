"""The commands of the command line, by the words that call them.

A group imports a command when it is asked for, so none of them is in its `commands` before.
"""

import click


def inside(group):
    """The commands of a group by their names; None for a command."""
    if not hasattr(group, "list_commands"):
        return None
    context = click.Context(group)
    names = group.list_commands(context)
    return {name: group.get_command(context, name) for name in names}


def every(command, path=()):
    """Every command below with its words: ("fund",), ("ledger", "sync")."""
    found = inside(command)
    if found is None:
        yield path, command
    else:
        for name, child in found.items():
            yield from every(child, (*path, name))
