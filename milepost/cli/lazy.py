"""A group of commands whose modules are imported when one of their commands is asked for.

Importing all of them takes longer than most commands run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def lazy(places: Mapping[str, str]) -> type[TyperGroup]:
    """A class of groups with the commands of `places`: names, each with the module of
    `milepost.cli` that registers it. They are listed in this order.
    """

    class Lazy(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return list(places)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            place = places.get(cmd_name)
            return _command(place, cmd_name) if place else None

    return Lazy


@cache
def _command(place: str, name: str) -> Any:
    app = typer.Typer(rich_markup_mode=None)
    import_module(f"milepost.cli.{place}").register(app)
    app.registered_commands = [c for c in app.registered_commands if c.name == name]
    return get_group(app).commands[name]
