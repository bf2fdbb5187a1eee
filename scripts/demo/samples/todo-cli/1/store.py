"""The list on disk: one item a line, `[ ] text` or `[x] text`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Item:
    text: str
    done: bool = False


def load(path: Path) -> list[Item]:
    """Return the items of the file at `path`; none when there is no such file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Item(text=line[4:], done=line.startswith("[x]")) for line in lines if line]


def save(path: Path, items: list[Item]) -> None:
    """Write `items` to the file at `path`."""
    lines = [f"[{'x' if item.done else ' '}] {item.text}\n" for item in items]
    path.write_text("".join(lines), encoding="utf-8")
