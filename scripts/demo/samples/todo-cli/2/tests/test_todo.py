import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import todo


class Commands(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.file = Path(directory.name) / "todo.txt"
        patch = mock.patch.dict(os.environ, {"TODO_FILE": str(self.file)})
        patch.start()
        self.addCleanup(patch.stop)

    def todo(self, *arguments: str) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            todo.main(list(arguments))
        return output.getvalue()

    def test_add_and_list(self):
        self.todo("add", "water the plants")
        self.todo("add", "sleep")
        self.assertEqual(self.todo("list"), "1. [ ] water the plants\n2. [ ] sleep\n")

    def test_done(self):
        self.todo("add", "sleep")
        self.todo("done", "1")
        self.assertEqual(self.todo("list"), "1. [x] sleep\n")

    def test_done_refuses_an_unknown_number(self):
        with self.assertRaisesRegex(SystemExit, "no item 3"):
            self.todo("done", "3")

    def test_the_file_stays_readable(self):
        self.todo("add", "sleep")
        self.assertEqual(self.file.read_text(encoding="utf-8"), "[ ] sleep\n")


if __name__ == "__main__":
    unittest.main()
