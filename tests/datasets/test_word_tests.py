import pytest

from research_lib.datasets import catalogue, load
from research_lib.datasets.synthetic.grammar import planted_analogies


def test_analogies_are_read_by_section(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(": capitals\nAthens Greece Oslo Norway\n\n: family\nboy girl he she\n")
    rows = [("capitals", "athens", "greece", "oslo", "norway"), ("family", "boy", "girl", "he", "she")]
    assert list(load("analogies", path).itertuples(index=False, name=None)) == rows
    assert load("analogies").equals(planted_analogies())
    path.write_text(": capitals\nAthens Greece Oslo\n")
    with pytest.raises(ValueError, match=r"questions.txt, line 2: 3 words, expected four, or ': section'"):
        load("analogies", path)
    path.write_text(": capitals\n")
    with pytest.raises(ValueError, match=r"questions.txt: no question"):
        load("analogies", path)


def test_similarities_are_read(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("# Word 1\tWord 2\tmean\nlove\tSex\t6.77\n")
    assert list(load("similarities", path).itertuples(index=False, name=None)) == [("love", "sex", 6.77)]
    path.write_text("love\tsex\tmuch\n")
    with pytest.raises(ValueError, match=r"pairs.tsv, line 1: 'love\\tsex\\tmuch', expected two words and a number"):
        load("similarities", path)
    path.write_text("love\tsex\tnan\n")
    with pytest.raises(ValueError, match=r"pairs.tsv, line 1: 'love\\tsex\\tnan', expected two words and a number"):
        load("similarities", path)
    path.write_text("# nothing\n")
    with pytest.raises(ValueError, match=r"pairs.tsv: no pair"):
        load("similarities", path)
    with pytest.raises(ValueError, match="Unknown name 'simlex', expected one of: wordsim353, simlex999"):
        load("similarities", "word-tests", name="simlex")


@pytest.mark.real("word-tests")
def test_the_real_tests_have_their_questions():
    questions = load("analogies", "word-tests")
    assert (len(questions), questions["section"].nunique()) == (19_544, 14)
    for name, n, first in (("wordsim353", 353, ("love", "sex", 6.77)), ("simlex999", 999, ("old", "new", 1.58))):
        pairs = load("similarities", "word-tests", name=name)
        assert len(pairs) == n
        assert tuple(pairs.iloc[0]) == first
    assert catalogue.find("word-tests").rows == len(questions)
