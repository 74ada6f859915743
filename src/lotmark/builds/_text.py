"""Show text that a product's command chose: names and messages go to terminals and into signed evidence."""


def show(text: str) -> str:
    """The text with every character that is not printable (control, reordering, lone surrogate) as its escape."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode("ascii") for each in text)
