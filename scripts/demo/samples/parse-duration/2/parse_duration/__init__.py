"""Durations written the way people write them."""

from parse_duration.formatter import format_duration
from parse_duration.parser import MAX_SECONDS, DurationError, parse

__all__ = ["MAX_SECONDS", "DurationError", "format_duration", "parse"]
