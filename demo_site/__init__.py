"""A translation editor, built with `ephemeral_tasks`.

`editor/` is the example to learn from: a task, its form, a page and a page for the
result. `translation/` is the work that its task does, and has nothing to do with
`ephemeral_tasks`: read it only if you want to know how Markdown is translated. The
editor uses it through the names in `demo_site.translation`.
"""
