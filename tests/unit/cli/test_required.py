"""What must be said is asked for: by every command, whatever the version of the library that reads the words."""

from collections.abc import Iterator

import click
import pytest

from lotmark.cli.main import lotmark

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")


def commands(group: click.Group, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *words, name)


EVERY = list(commands(lotmark))


@pytest.mark.parametrize(("words", "command"), EVERY, ids=[" ".join(words) for words, _ in EVERY])
def test_what_is_required_is_asked_for_and_no_default_stands_in_for_it(words: tuple[str, ...], command: click.Command):
    context = click.Context(command)
    stands_in = []
    for parameter in command.params:
        if parameter.required:
            try:
                parameter.handle_parse_result(context, {}, [])
            except click.MissingParameter:
                continue
            stands_in.append(parameter.name)
    assert stands_in == []


SIGNING = {
    "approve sign": {"--as", "--role", "--reason"},
    "approve reject": {"--as", "--role", "--reason"},
    "approve delegate": {"--as", "--to", "--role", "--tier", "--days", "--reason"},
    "approve withdraw": {"--as", "--reason"},
    "waive": {"--as", "--role"},
    "records trigger": {"--as", "--reason", "--on"},
    "records hold": {"--as", "--reason"},
    "records release": {"--as", "--reason"},
    "records expire": {"--as", "--reason"},
    "records erase": {"--as", "--reason"},
    "records approve": {"--as", "--reason"},
    "key revoke": {"--reason"},
    "key lost": {"--reason"},
    "key role grant": {"--as", "--reason"},
    "key role withdraw": {"--as", "--reason"},
    "key adopt": {"--as"},
    "key enrol": {"--public"},
    "key rotate": {"--public"},
    "deploy rollback": {"--target"},
    "release bundle": {"--output"},
}


@pytest.mark.parametrize("words", SIGNING)
def test_who_signs_says_what_and_why(words: str):
    command = {" ".join(each): command for each, command in EVERY}[words]
    required = {max(option.opts, key=len) for option in command.params if isinstance(option, click.Option) and option.required}
    assert required == SIGNING[words]
