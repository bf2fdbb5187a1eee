"""Write seconds as a duration such as "1h30m"."""

from parse_duration.parser import UNITS


def format_duration(seconds: int) -> str:
    """Return the shortest text that `parse` reads back as `seconds`."""
    parts = []
    for unit, size in UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
