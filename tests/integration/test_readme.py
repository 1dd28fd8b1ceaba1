"""What stands in README.md and README.zh-CN.md works: the blocks of each part
are done one after the other, as a reader would, against a server of their own.

The language behind a fence says what a block is: sh is run, conf is put into
the configuration and read, json is the shape of what the block before it
answered, console is a conversation; python, php, go and js are programs, which
are run where there is something that runs them. What a program says in a room
("hello from ...") must come to who is there. Commands that need a fresh machine
(apt, systemctl, make ...) are only looked at here: tests/packages and
tests/fresh.sh do them.
"""

import re

import pytest

from reader import PROGRAMS, Reader
from server import ROOT

BOOKS = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}


def parts(book):
    """(heading, [(language, text), ...]) of each part with blocks."""
    found = []
    heading = "the beginning"
    pattern = r"^(#+ [^\n]*)$|^```(\S*)\n(.*?)^```$"
    for match in re.finditer(pattern, book.read_text(), re.M | re.S):
        if match[1]:
            heading = match[1].strip("# ")
            continue
        if not found or found[-1][0] != heading:
            found.append((heading, []))
        found[-1][1].append((match[2], match[3]))
    return found


PARTS = [(name, number, part) for name, book in BOOKS.items() if book.exists()
         for number, part in enumerate(parts(book))]


@pytest.mark.parametrize("name, number, part", PARTS, ids=[
    "%s-%d" % (name, number) for name, number, _ in PARTS])
def test_what_a_part_of_it_says_can_be_done(directory, name, number, part):
    reader = Reader(directory)
    try:
        for language, text in part[1]:
            if language in PROGRAMS:
                reader.program(language, text)
            elif language:
                getattr(reader, language)(text)
        reader.end()
    finally:
        reader.kill()


def blocks(book):
    """Without what is for people: comments, and what is said."""
    return [[(language, re.sub(r"\s+(#|//) .*", "", text))
             for language, text in part if language]
            for _, part in parts(book)]


def test_both_say_the_same():
    assert blocks(BOOKS["en"]) == blocks(BOOKS["zh"])


def test_their_links_lead_somewhere():
    for book in BOOKS.values():
        text = book.read_text()
        names = re.findall(r"\]\(([^)#:]+)\)", text)
        assert names
        for name in names:
            assert (ROOT / name).exists(), name
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
                   for heading in re.findall(r"^#+ (.*)$", text, re.M)}
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_the_files_that_they_name_are_there():
    for book in BOOKS.values():
        for name in re.findall(
                r"`((?:conf|packaging|web|shared|worker|master|tests)/"
                r"[^`*…]+)`", book.read_text()):
            assert (ROOT / name).exists(), "%s names %s" % (book.name, name)


def test_the_manuals_that_they_name_are_there():
    for book in BOOKS.values():
        for name, section in re.findall(r"`([\w.-]+)\((\d)\)`",
                                        book.read_text()):
            path = ROOT / "packaging/man" / ("%s.%s" % (name, section))
            assert path.exists(), "%s names %s" % (book.name, path.name)
