"""The page "Ask", and the stand-in for a model behind it."""

import pytest
from django.urls import reverse

from demo_site.ask.model import GRAMMAR, Model
from ephemeral_tasks import owner_of, pool, result, window
from ephemeral_tasks.testing import drain


@pytest.fixture(autouse=True)
def site(as_demo, monkeypatch):
    """The demo's site, with a model that writes fast."""
    monkeypatch.setattr("demo_site.ask.tasks.WORD_SECONDS", 0)


def test_a_question_is_answered_and_a_reload_finds_the_answer(client, rf):
    """The page shows the newest answer; that it is made up stands on it."""
    page = client.get(reverse("ask:ask"))
    answer = client.post(reverse("ask:ask"), {"question": "Why?"})
    drain()
    again = client.get(answer["Location"])

    assert "task-output" not in page.text
    assert "a stand-in" in page.text
    assert answer.status_code == 302
    assert "<task-output" in again.text
    request = rf.get("/")
    request.session = client.session
    (row,) = window(owner_of(request))
    assert result(owner_of(request), row.id).startswith("## ")


def test_a_form_without_a_question_comes_back(client):
    """With what is missing, and nothing was submitted."""
    answer = client.post(reverse("ask:ask"), {"question": ""})

    assert answer.status_code == 200
    assert "errorlist" in answer.text
    assert "task-output" not in answer.text


def test_a_refusal_is_a_sentence_in_the_form(client):
    """Also when the server is about to end; what was typed is still there."""
    pool.get()
    pool.drain(0)

    answer = client.post(reverse("ask:ask"), {"question": "Why?"})

    assert answer.status_code == 200
    assert "The server is busy. Try again in a moment." in answer.text
    assert "Why?" in answer.text


def test_a_second_click_asks_nothing_again(client, rf):
    """The question that is being answered is one operation."""
    pool.pause()
    for _ in range(2):
        answer = client.post(reverse("ask:ask"), {"question": "Why?"})
        assert answer.status_code == 302

    request = rf.get("/")
    request.session = client.session
    assert len(window(owner_of(request))) == 1
    pool.resume()
    drain()


def test_the_editor_leads_to_the_page(client):
    """By a link in its navigation."""
    assert f'href="{reverse("ask:ask")}"' in client.get("/").text


def test_the_model_answers_a_question_always_alike():
    """And another one in another way; word by word it is the whole."""
    parts = ("opening", "detail", "closing")
    answers = [
        "".join(word for part in parts for word in model.write(part))
        for model in map(Model, ("Why?", "Why?", "How?"))
    ]

    assert answers[0] == answers[1] != answers[2]
    assert "{" not in answers[0]
    assert len([*Model("Why?").write("opening")]) > 10


def test_each_symbol_of_the_grammar_is_one():
    """No sentence has a gap that nothing fills."""
    for question in map(str, range(200)):
        model = Model(question)
        text = "".join(word for part in GRAMMAR for word in model.write(part))
        assert "{" not in text
