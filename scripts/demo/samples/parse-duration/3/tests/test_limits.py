"""What must be refused. These tests came with a bug report and do not pass yet."""

import unittest

from parse_duration import MAX_SECONDS, DurationError, parse


class Refused(unittest.TestCase):
    def test_empty_text(self):
        with self.assertRaises(DurationError):
            parse("")

    def test_text_between_the_parts(self):
        for text in ["1h banana 30m", "h", "10", "1h30", "-5m", "1.5h"]:
            with self.subTest(text=text), self.assertRaises(DurationError):
                parse(text)

    def test_units_out_of_order(self):
        for text in ["30m1h", "1s1d", "1h2h"]:
            with self.subTest(text=text), self.assertRaises(DurationError):
                parse(text)

    def test_one_part_overflows(self):
        with self.assertRaises(DurationError):
            parse("9223372036854775808s")

    def test_the_sum_overflows(self):
        # Every part fits; one second more than MAX_SECONDS in all.
        with self.assertRaises(DurationError):
            parse("106751991167300d15h30m8s")


class Accepted(unittest.TestCase):
    def test_the_largest_duration(self):
        self.assertEqual(parse("9223372036854775807s"), MAX_SECONDS)
        self.assertEqual(parse("106751991167300d15h30m7s"), MAX_SECONDS)


if __name__ == "__main__":
    unittest.main()
