import pytest

from research_lib.datasets.reading.wiki_markup import without_markup


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("''An'' '''old''' [[cat]] and [[dog|dogs]].", "An old cat and dogs."),
        ("x{{infobox|a={{nested|b}}|c}}y", "x y"),
        ("x<ref name=a>note</ref>y<ref name='b' />z<!-- no\none -->", "x y z"),
        ("[[File:cat.jpg|thumb|left|A cat on a [[mat|rug]].]]", "A cat on a rug."),
        ("[[Category:Cats]][[de:Katze]]x", "x"),
        ("see [http://cats.org the cats] or https://cats.org/x", "see the cats or"),
        ('{| class="wide"\n|-\n! style="a" | Name !! Age\n|-\n| Tom || 3\n|}', "Name Age Tom 3"),
        ("== Heading ==\n* item\n__TOC__", "== Heading == * item"),
        ("<math>\\frac{a}{b}</math> is a&nbsp;fraction<br/>here", "is a fraction here"),
        ("{{broken [[half", "{{broken [[half"),
        ("a{{set|{1, 2}|{{b}}}}c}} d", "a c}} d"),
        ("a <!-- never closed", "a"),
        ("a <ref>never closed", "a never closed"),
        ("", ""),
    ],
)
def test_markup_becomes_what_a_reader_sees(markup, seen):
    assert " ".join(without_markup(markup).split()) == seen


@pytest.mark.parametrize(
    ("hostile", "n_words"),
    [
        ("<ref>" * 20_000, 0),
        ("<ref name=a " * 20_000, 40_000),
        ("<!--" * 20_000, 0),
        ("{{a " * 20_000, 20_000),
        ("{{a " * 20_000 + "}}" * 20_000, 0),
        ("[[" * 20_000, 1),
        ("[[File:a.jpg" + "|b" * 20_000 + "]]", 1),
        ("[http://a b " * 20_000, 40_000),
        ("!!a" * 20_000, 20_000),
        ("\n" * 100_000, 0),
    ],
    ids=lambda value: value[:12].strip() if isinstance(value, str) else "",
)
def test_hostile_markup_takes_no_longer_than_it_is_long(hostile, n_words):
    assert len(without_markup(hostile).split()) == n_words
