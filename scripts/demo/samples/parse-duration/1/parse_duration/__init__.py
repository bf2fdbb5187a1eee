"""Durations written the way people write them."""

from parse_duration.parser import parse

__all__ = ["parse"]
