"""Text search by keyword and by meaning: only the way that texts become vectors differs."""

import warnings
from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import normalize

from research_lib.checks import check_choice, check_integers, check_type
from research_lib.containers.documents import Documents, words_of
from research_lib.containers.embedding import Embedding, with_metadata


class TextSearch:
    """Documents are found by the cosine of their vectors with that of the query.

    Parameters
    ----------
    documents : Documents
        What is searched.
    vectorizer : transformer
        With ``fit_transform(texts)`` and ``transform(texts)``, which give a row per text; zeros for a text of which it
        knows no word.

    Attributes
    ----------
    vectors : sparse array or ndarray, shape (n_documents, n_dims)
        Of the documents, of length one.
    """

    def __init__(self, documents: Documents, vectorizer: BaseEstimator):
        check_type(documents, Documents, "TextSearch", "Documents")
        self.documents, self.vectorizer = documents, vectorizer
        self.vectors = normalize(vectorizer.fit_transform(documents.texts))

    @classmethod
    def by_keyword(cls, documents: Documents) -> Self:
        """Find documents that have words of the query; the rarer a word, the more it counts (tf-idf)."""
        return cls(documents, _tfidf())

    @classmethod
    def by_topics(cls, documents: Documents, n_dims: int = 50, random_state: int = 0) -> Self:
        """Find documents on the query's topics: latent semantic analysis, the truncated SVD of tf-idf.

        References
        ----------
        S. Deerwester et al., "Indexing by Latent Semantic Analysis", JASIS 1990.
        """
        n_words = len({word for text in documents.texts for word in words_of(text)})
        n_dims = max(1, min(n_dims, len(documents) - 1, n_words - 1))
        return cls(documents, make_pipeline(_tfidf(), TruncatedSVD(n_dims, random_state=random_state)))

    @classmethod
    def by_words(cls, documents: Documents, word_vectors: Embedding) -> Self:
        """Find documents whose words mean what those of the query mean, by the vectors of the words."""
        return cls(documents, MeanWordVectors(word_vectors))

    def score(self, queries: Sequence[str], unknown: str = "warn") -> np.ndarray:
        """Cosine of every query with every document, shape (n_queries, n_documents).

        Parameters
        ----------
        queries : sequence of str
            Any texts.
        unknown : {"error", "warn", "ignore"}
            What happens to a query of which no word is known: an error, or zeros with or without a warning.
        """
        check_choice("unknown", unknown, ("error", "warn", "ignore"))
        if isinstance(queries, str):
            raise TypeError(f"queries are one text, expected a list such as [{queries!r}].")
        if not len(queries):
            raise ValueError("There are no queries, expected at least one.")
        vectors = self.vectorizer.transform(queries)
        silent = np.flatnonzero(abs(vectors).sum(axis=1) == 0)
        if len(silent) and unknown != "ignore":
            others = f", nor of {len(silent) - 1} more" if len(silent) > 1 else ""
            message = f"No word of the query {queries[silent[0]]!r} is known{others}: nothing is like it."
            if unknown == "error":
                raise ValueError(message)
            warnings.warn(message, stacklevel=2)
        found = normalize(vectors) @ self.vectors.T
        return found.toarray() if sparse.issparse(found) else found

    def search(self, query: str, n: int = 10) -> pd.DataFrame:
        """The `n` documents most like a query, the best first; fewer if fewer are like it at all.

        Returns
        -------
        DataFrame
            Columns ``name`` and ``score``, above 0, and the metadata.

        Raises
        ------
        ValueError
            If no word of the query is known.
        """
        check_integers(1, n=n)
        scores = self.score([query], unknown="error")[0]
        order = np.argsort(-scores, kind="stable")[: min(n, (scores > 0).sum())]
        found = pd.DataFrame({"name": self.documents.names[order], "score": scores[order]})
        return with_metadata(found, self.documents.metadata.iloc[order])

    def answers(self, queries: Sequence[str], n: int = 5) -> pd.Series:
        """What is found for some queries, as text: the `n` names, best first, or a dash where no word is known.

        Names that answer the query have a tick, if it is one of the documents' own.
        """
        right = dict(zip(self.documents.queries["query"], self.documents.queries["relevant"], strict=True))
        texts = []
        for query in queries:
            known = self.score([query], unknown="ignore").any()
            hits = self.search(query, n)["name"] if known else []
            texts.append(", ".join(f"✓ {hit}" if hit in right.get(query, ()) else hit for hit in hits) or "–")
        return pd.Series(texts, index=pd.Index(queries, name="query"))


class MeanWordVectors(TransformerMixin, BaseEstimator):
    """The vector of a text is the mean of its words' vectors, weighted by tf-idf.

    Parameters
    ----------
    word_vectors : Embedding
        Of words in lower case; they are scaled to length one first. Words without a vector are left out.
    """

    def __init__(self, word_vectors: Embedding):
        self.word_vectors = word_vectors

    def fit(self, texts: Sequence[str], y=None) -> Self:
        self.tfidf_ = _tfidf().fit(texts)
        words = self.tfidf_.get_feature_names_out()
        unit = dict(zip(self.word_vectors.names, self.word_vectors.unit_vectors(), strict=True))
        nothing = np.zeros(self.word_vectors.n_dims, dtype=np.float32)
        self.vectors_ = np.array([unit.get(word, nothing) for word in words])  # (n_words, n_dims)
        if not self.vectors_.any():
            raise ValueError(
                f"None of the {len(words):,} words of the texts has a vector, expected words in lower case."
            )
        return self

    def transform(self, texts: Sequence[str]) -> np.ndarray:  # (n_texts, n_dims)
        return self.tfidf_.transform(texts) @ self.vectors_


def _tfidf() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=words_of, sublinear_tf=True)
