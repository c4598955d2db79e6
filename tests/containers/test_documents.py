import pandas as pd
import pytest

from research_lib.checks import UnknownName
from research_lib.containers.documents import Documents, words_of

TEXTS = ["A cat sat.", "A DC-3 flew in 1936."]


def queries(*rows):
    return pd.DataFrame(rows, columns=["query", "label", "relevant"])


def test_words_are_lower_case_and_codes_stay_whole():
    found = words_of("The DC-3 (1936) — a 9V block, E27; Citroën's")
    assert found == ["the", "dc-3", "1936", "a", "9v", "block", "e27", "citroën", "s"]


def test_relevance_says_which_documents_answer_which_query():
    asked = queries(("pets", "easy", ["cat"]), ("all", "easy", ["plane", "cat"]), ("planes", "hard", ["plane"]))
    documents = Documents(TEXTS, ["cat", "plane"], queries=asked)
    assert documents.relevance().toarray().tolist() == [[True, False], [True, True], [False, True]]
    assert Documents(TEXTS, ["cat", "plane"]).relevance().shape == (0, 2)
    assert [list(words) for words in documents.to_corpus()][1] == ["a", "dc-3", "flew", "in", "1936"]
    assert repr(documents) == "Documents(2 documents, 3 queries, from memory)"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"texts": "A cat"}, TypeError, "the texts are one text"),
        ({"texts": ["A cat"]}, ValueError, "1 texts for 2 names"),
        ({"texts": ["A cat", "…!"]}, ValueError, "document 'plane' has no word: '…!'"),
        ({"names": ["cat", "cat"]}, ValueError, "document name 'cat' stands twice"),
        ({"metadata": pd.DataFrame({"kind": ["a"]})}, ValueError, "metadata has 1 rows for 2 names"),
        ({"queries": pd.DataFrame({"query": []})}, ValueError, "no column 'label' in the queries"),
        ({"queries": queries(("pets", "easy", []))}, ValueError, r"'pets' is answered by \[\], expected a list"),
        ({"queries": queries(("pets", "easy", "cat"))}, ValueError, "'pets' is answered by 'cat', expected a list"),
        ({"queries": queries(("pets", "easy", ["cta"]))}, UnknownName, "'pets'.*Did you mean 'cat'"),
    ],
)
def test_bad_input_gets_one_message(change, error, message):
    with pytest.raises(error, match=message):
        Documents(**{"texts": TEXTS, "names": ["cat", "plane"]} | change)
