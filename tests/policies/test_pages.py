"""The same text for a terminal and for a website."""

from policies.pages import WIDTH, Block, Heading, Item, Paragraph, as_markdown, as_plain

TEXT: list[Block] = [
    Heading(1, "Bodycams"),
    Heading(2, "Who?"),
    Paragraph("An officer."),
    Item("One [needs-demand; art. 1]"),
    Item("of it", 1),
    Item("Two"),
    Heading(3, "For what?"),
    Paragraph("For *this* #1."),
]


def test_plain() -> None:
    assert as_plain(TEXT) == (
        "Bodycams\n========\n\nWho?\n----\n\nAn officer.\n\n"
        "- One [needs-demand; art. 1]\n  - of it\n- Two\n\nFor what?\n\nFor *this* #1.\n"
    )


def test_markdown() -> None:
    assert as_markdown(TEXT) == (
        "# Bodycams\n\n## Who?\n\nAn officer.\n\n"
        "- One \\[needs-demand; art. 1\\]\n  - of it\n- Two\n\n### For what?\n\nFor \\*this\\* \\#1.\n"
    )


def test_lines_are_short_and_words_whole() -> None:
    address = f"https://www.example.nl/{'bodycams-' * 20}"
    told = as_plain([Item(f"{'many words ' * 20}{address}", 1), Paragraph("x-y " * 60)])
    assert address in told.split()
    assert all(len(line) <= WIDTH or address in line for line in told.splitlines())
    assert {line[:4] for line in told.splitlines()[1:3]} == {"    "}
    assert told.startswith("  - many words")
    assert "x-\n" not in told
