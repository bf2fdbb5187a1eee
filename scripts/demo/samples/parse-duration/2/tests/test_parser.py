import unittest

from parse_duration import format_duration, parse


class Parse(unittest.TestCase):
    def test_one_unit(self):
        for text, seconds in [("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400)]:
            with self.subTest(text=text):
                self.assertEqual(parse(text), seconds)

    def test_several_units(self):
        self.assertEqual(parse("1h30m"), 5400)
        self.assertEqual(parse("1d2h3m4s"), 93784)

    def test_zero(self):
        self.assertEqual(parse("0s"), 0)


class Format(unittest.TestCase):
    def test_leaves_out_what_is_zero(self):
        self.assertEqual(format_duration(5400), "1h30m")
        self.assertEqual(format_duration(0), "0s")

    def test_reads_back(self):
        for seconds in [1, 59, 60, 3599, 86400, 93784]:
            with self.subTest(seconds=seconds):
                self.assertEqual(parse(format_duration(seconds)), seconds)


if __name__ == "__main__":
    unittest.main()
