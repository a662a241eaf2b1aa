"""The fields of a YAML text that a person wrote, not judged yet, each with its place."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from milepost.errors import InputError


def mapping(
    content: bytes, name: str, fault: Callable[[str, int, str, str], InputError], example: str
) -> yaml.MappingNode:
    """The mapping in the content of a file called `name`.

    Raises what `fault` makes of name, line (zero for the whole), field and problem; `example` is
    one field as the file should have.
    """
    try:
        tree = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise fault(name, line, "", f"not YAML: {error.problem}") from error
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise fault(name, 0, "", "not a YAML text in UTF-8") from error
    if not isinstance(tree, yaml.MappingNode):
        raise fault(name, 1, "", f"write fields such as `{example}`")
    return tree
