#!/usr/bin/env python3
"""Keep a list of things to do."""

import argparse
import os
import sys
from pathlib import Path

from store import Item, load, save


def show(number: int, item: Item) -> str:
    return f"{number}. [{'x' if item.done else ' '}] {item.text}"


def add(items: list[Item], text: str) -> str:
    items.append(Item(text))
    return f"added {len(items)}"


def list_items(items: list[Item]) -> str:
    return "\n".join(show(number, item) for number, item in enumerate(items, start=1))


def done(items: list[Item], number: int) -> str:
    if not 1 <= number <= len(items):
        raise SystemExit(f"no item {number}: there are {len(items)}")
    items[number - 1].done = True
    return f"done {number}"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="todo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("add").add_argument("text")
    commands.add_parser("list")
    commands.add_parser("done").add_argument("number", type=int)
    options = parser.parse_args(arguments)

    path = Path(os.environ.get("TODO_FILE", "todo.txt"))
    items = load(path)
    if options.command == "add":
        print(add(items, options.text))
    elif options.command == "list":
        print(list_items(items))
    elif options.command == "done":
        print(done(items, options.number))
    save(path, items)


if __name__ == "__main__":
    main(sys.argv[1:])
