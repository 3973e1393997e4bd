"""A page that asks a model: its answer grows while it is written.

The model is a stand-in, `model.py`. The rest is the example to learn from: a task that
is a generator, a view that submits it, a page that follows it, and a script that
renders it as Markdown.
"""
