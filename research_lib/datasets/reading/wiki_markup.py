"""What a reader sees of an article in MediaWiki's markup.

Each pattern takes time in proportion to the text, even to a hostile one. The parser of the whole grammar,
mwparserfromhell, takes seventeen times as long for a published dump, and minutes for 20,000 open braces.
"""

import html
import re

MAX_NESTED = 500  # templates in one another
_COMMENT = re.compile(r"<\s*!--.*?(?:--\s*>|\Z)", re.DOTALL)  # one that is not closed goes on to the end
_EMPTY_REFERENCE = re.compile(r"<\s*ref\b[^<>]*/\s*>", re.IGNORECASE)
_WITH_CONTENT = [  # tags whose content is a note, or no text
    (re.compile(rf"<\s*{name}\b[^<>]*>", re.IGNORECASE), re.compile(rf"<\s*/\s*{name}\s*>", re.IGNORECASE))
    for name in ("ref", "math", "source", "syntaxhighlight", "gallery", "timeline", "score", "code", "imagemap")
]
_INNERMOST_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")
_REPLACED = [
    (re.compile(pattern, flags), seen)
    for pattern, flags, seen in (
        (r"\[\[\s*(?:category|[a-z]{2,3}(?:-[a-z]+)*):[^\[\]]*\]\]", re.IGNORECASE, " "),
        (r"\[\[(?!\s*(?:file|image):)(?:[^\[\]|]*\|)?([^\[\]]*)\]\]", re.IGNORECASE, r"\1"),  # links
        (r"\[\[\s*(?:file|image):[^\[\]|]*(?:\|([^\[\]|]*))*\]\]", re.IGNORECASE, r" \1 "),  # the caption stays
        (r"\[(?:https?:)?//[^\s\[\]]*[^\S\n]*([^\[\]\n]*)\]|https?://\S+", 0, r"\1"),
        (r"^[ \t:]*(?:\{\||\|\}|\|-).*$", re.MULTILINE, " "),  # where tables and their rows begin and end
        (r"(?:^[ \t]*[|!]\+?|\|\||!!)(?:[^|!\n=]*=[^|!\n]*\|)?", re.MULTILINE, " "),  # cells
        (r"__[A-Z]+__|'{2,}", 0, ""),
    )
]


def without_markup(text: str) -> str:
    """What a reader sees of an article in MediaWiki's markup: no templates, references, addresses or categories."""
    text = _EMPTY_REFERENCE.sub(" ", _COMMENT.sub(" ", text))
    for opening, closing in _WITH_CONTENT:
        text = _without(text, opening, closing)
    text = re.sub(r"<[^<>]*>", " ", text)
    for _ in range(MAX_NESTED):
        text, n_found = _INNERMOST_TEMPLATE.subn(" ", text)
        if not n_found:
            break
    for pattern, seen in _REPLACED:
        text = pattern.sub(seen, text)
    return html.unescape(text)


def _without(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    """The text without what stands between the marks; what is opened and never closed stays."""
    *closed, rest = closing.split(text)
    return " ".join([*(opening.split(piece, maxsplit=1)[0] for piece in closed), rest])
