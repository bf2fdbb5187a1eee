"""Read a duration such as "90s" into whole seconds."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse(text: str) -> int:
    """Return the seconds that `text` stands for."""
    return int(text[:-1]) * UNITS[text[-1]]
