"""What a reader sees of an article in MediaWiki's markup.

By patterns that each take time in proportion to the text, whatever it holds: a parser of the whole grammar
(mwparserfromhell) takes fifteen times as long on a published dump, and minutes where many tags are left open.
"""

import html
import re

_COMMENT = re.compile(r"<\s*!--"), re.compile(r"--\s*>")
_WITH_CONTENT = [  # tags whose content is no text either, or is a note
    (re.compile(rf"<\s*{name}\b[^<>]*>", re.IGNORECASE), re.compile(rf"<\s*/\s*{name}\s*>", re.IGNORECASE))
    for name in ("ref", "math", "source", "syntaxhighlight", "gallery", "timeline", "score", "code", "imagemap")
]
_EMPTY_TAG = re.compile(r"<\s*ref\b[^<>]*/\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_BRACES = re.compile(r"(\{\{|\}\})")
_ELSEWHERE = re.compile(r"\[\[\s*(?:category|[a-z]{2,3}(?:-[a-z]+)*):[^\[\]]*\]\]", re.IGNORECASE)
_LINK = re.compile(r"\[\[(?!\s*(?:file|image):)(?:[^\[\]|]*\|)?([^\[\]]*)\]\]", re.IGNORECASE)
_FILE = re.compile(r"\[\[\s*(?:file|image):[^\[\]|]*(?:\|([^\[\]|]*))*\]\]", re.IGNORECASE)  # \1 is its caption
_ADDRESS = re.compile(r"\[(?:https?:)?//[^\s\[\]]*[^\S\n]*([^\[\]\n]*)\]|https?://\S+")
_TABLE_LINE = re.compile(r"^[ \t:]*(?:\{\||\|\}|\|-).*$", re.MULTILINE)
_CELL = re.compile(r"(?:^[ \t]*[|!]\+?|\|\||!!)(?:[^|!\n=]*=[^|!\n]*\|)?", re.MULTILINE)
_MAGIC = re.compile(r"__[A-Z]+__|'{2,}")


def without_markup(text: str) -> str:
    """What a reader sees of an article in MediaWiki's markup: no templates, references, addresses or categories."""
    text = _without(f"{text}-->", *_COMMENT)  # one that is not closed goes on to the end
    text = _EMPTY_TAG.sub(" ", text)
    for opening, closing in _WITH_CONTENT:
        text = _without(text, opening, closing)
    text = _without_templates(_TAG.sub(" ", text))
    for pattern, kept in ((_ELSEWHERE, " "), (_LINK, r"\1"), (_FILE, r" \1 "), (_ADDRESS, r"\1")):
        text = pattern.sub(kept, text)
    for pattern in (_TABLE_LINE, _CELL):
        text = pattern.sub(" ", text)
    return html.unescape(_MAGIC.sub("", text))


def _without(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    """The text without what stands between the marks; what is opened and never closed stays."""
    *closed, rest = closing.split(text)
    return " ".join([*(opening.split(piece, maxsplit=1)[0] for piece in closed), rest])


def _without_templates(text: str) -> str:
    """The text without ``{{…}}``, one in another or not; braces without a partner stay."""
    levels: list[list[str]] = [[]]  # what stands outside, and within each of the templates that are open
    for piece in _BRACES.split(text):
        if piece == "{{":
            levels.append([])
        elif piece == "}}" and len(levels) > 1:
            levels.pop()
            levels[-1].append(" ")
        else:
            levels[-1].append(piece)
    return "{{".join("".join(pieces) for pieces in levels)
