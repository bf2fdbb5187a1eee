import tempfile
import unittest
from pathlib import Path

from store import Item, load, save


class Store(unittest.TestCase):
    def test_reads_back_what_it_wrote(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "todo.txt"
            items = [Item("water the plants"), Item("sleep", done=True)]
            save(path, items)
            self.assertEqual(load(path), items)

    def test_no_file_is_an_empty_list(self):
        self.assertEqual(load(Path("/nonexistent/todo.txt")), [])
