"""What a reader sees of an article in MediaWiki's markup."""

import html
import re

_INNERMOST_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")
_DROPPED = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"<ref\b[^<>]*/>", re.IGNORECASE),
    re.compile(
        r"<(ref|math|source|syntaxhighlight|gallery|timeline|score|code|imagemap)\b[^<>]*>.*?</\1\s*>",
        re.DOTALL | re.IGNORECASE,
    ),
    re.compile(r"<[^<>]*>"),
)
_ELSEWHERE = re.compile(r"\[\[\s*(?:category|[a-z]{2,3}(?:-[a-z]+)*):[^\[\]]*\]\]", re.IGNORECASE)
_LINK = re.compile(r"\[\[(?!\s*(?:file|image):)(?:[^\[\]|]*\|)?([^\[\]]*)\]\]", re.IGNORECASE)
_FILE = re.compile(r"\[\[\s*(?:file|image):[^\[\]|]*(?:\|([^\[\]|]*))*\]\]", re.IGNORECASE)  # \1 is its caption
_ADDRESS = re.compile(r"\[(?:https?:)?//[^\s\]]*\s*([^\]]*)\]|https?://\S+")
_TABLE_LINE = re.compile(r"^[\s:]*(?:\{\||\|\}|\|-).*$", re.MULTILINE)
_CELL = re.compile(r"(?:^\s*[|!]\+?|\|\||!!)(?:[^|\n=]*=[^|\n]*\|)?", re.MULTILINE)
_MAGIC = re.compile(r"__[A-Z]+__|'{2,}")


def without_markup(text: str) -> str:
    """What a reader sees of an article in MediaWiki's markup: no templates, references, addresses or categories."""
    for pattern in _DROPPED:
        text = pattern.sub(" ", text)
    n_found = 1
    while n_found:
        text, n_found = _INNERMOST_TEMPLATE.subn(" ", text)
    for pattern, kept in ((_ELSEWHERE, " "), (_LINK, r"\1"), (_FILE, r" \1 "), (_ADDRESS, r"\1")):
        text = pattern.sub(kept, text)
    for pattern in (_TABLE_LINE, _CELL):
        text = pattern.sub(" ", text)
    return html.unescape(_MAGIC.sub("", text))
