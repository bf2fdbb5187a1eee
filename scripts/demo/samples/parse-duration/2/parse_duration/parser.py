"""Read durations such as "1h30m" into whole seconds."""

import re

# The largest duration that callers can store: they keep it in a signed 64-bit column.
MAX_SECONDS = 2**63 - 1

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}

_PART = re.compile(r"(\d+)([dhms])")


class DurationError(ValueError):
    """The text is not a duration, or stands for more than MAX_SECONDS."""


def parse(text: str) -> int:
    """Return the seconds that `text` stands for.

    >>> parse("1h30m")
    5400
    """
    total = 0
    for number, unit in _PART.findall(text):
        total += int(number) * UNITS[unit]
    return total
