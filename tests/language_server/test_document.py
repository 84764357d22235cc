"""What the server answers from: of any text, at any place of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmmspec import reference
from glmmspec.family import FAMILIES
from glmmspec.functions import SIGNATURES
from glmmspec.grammar.layout import KEYWORDS
from glmmspec.language_server.completion import complete
from glmmspec.language_server.document import Document
from glmmspec.language_server.hover import hover
from tests.grammar.test_properties import TOKENS

SPEC = """\
data cbpp
family binomial
factor period
proportion(incidence, size) ~ period + log(size) | H = herd
prior var(H) ~ half_normal(1)
sampler chains = 2
"""


def shown(word: str, text: str = SPEC) -> str | None:
    found = hover(Document(text), text.index(word))
    return None if found is None else found[0]


@given(st.lists(TOKENS, max_size=20).map("".join), st.data())
@settings(max_examples=150, deadline=None)
def test_any_text_has_answers_at_any_place(text: str, data: st.DataObject) -> None:
    document = Document(text)
    offset = data.draw(st.integers(0, len(text)))
    found = hover(document, offset)
    assert found is None or found[1].start <= offset <= found[1].end
    assert all(proposal.inserted for proposal in complete(document, offset))
    for symbol in document.symbols():
        assert 0 <= symbol.span.start < symbol.span.end <= len(text)
    for error in document.errors(with_values=False):
        assert error.span is None or 0 <= error.span.start <= error.span.end <= len(text)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("data", "CSV, TSV or Parquet"),
        ("cbpp", "56 rows"),
        ("binomial", "successes"),
        ("proportion", "proportion(successes, trials)"),
        ("incidence", "new serological cases"),
        ("log", "natural logarithm"),
        ("H =", "The variance of the random intercepts by herd (15 groups). Prior: var(H) ~ half_normal(1)."),
        ("herd", "It groups the random intercepts by herd (15 groups), of component H."),
        ("var", "The variance of a variance component"),
        ("half_normal", "half_normal(scale)"),
        ("chains", "Independent chains. Default: 4. From 1 to 1024."),
    ],
)
def test_a_word_means_something_where_it_stands(word: str, said: str) -> None:
    meaning = shown(word)
    assert meaning is not None
    assert said in meaning


def test_between_words_there_is_nothing_to_say() -> None:
    assert hover(Document(SPEC), 0) is not None
    assert hover(Document("family  poisson"), 7) is None
    assert hover(Document("# family"), 3) is None


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    data, text = tmp_path / "a.csv", 'data "a.csv"\nfamily poisson\ny ~ x | g\n'
    document = str(tmp_path / "a.glmm")
    assert Document(text, document).columns == {}
    data.write_text("y,x,g\n1,2,a\n2,3,b\n")
    assert set(Document(text, document).columns) == {"y", "x", "g"}
    data.write_text("y,x,g,new\n1,2,a,1\n2,3,b,1\n")
    assert "new" in Document(text, document).columns


def test_nothing_is_read_from_outside_the_folder_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("y,x,g\n1,2,a\n")
    (tmp_path / "specs").mkdir()
    text = 'data "../secret.csv"\nfamily poisson\ny ~ x | g\n'
    assert Document(text, str(tmp_path / "specs" / "a.glmm")).columns == {}


def test_what_is_wrong_with_the_file_stands_where_it_is_named() -> None:
    text = 'family poisson\ny ~ x | g\ndata "nowhere.csv"\n'
    (error,) = Document(text).errors(with_values=False)
    assert (error.code, error.location is not None and error.location.line) == ("G223", 3)


def test_every_word_of_the_language_has_a_meaning() -> None:
    assert set(reference.KEYWORDS) == set(KEYWORDS)
    assert set(reference.FUNCTIONS) == {*SIGNATURES, "cbind", "proportion"}
    assert set(reference.FAMILIES) == set(FAMILIES)
