"""What sites say on their body, for htmx to inherit."""

HABITS = {
    "boost": 'hx-boost="true" hx-target="#main" hx-select="#main" hx-swap="outerHTML"',
    "push": 'hx-boost="true" hx-push-url="true"',
    "replace": 'hx-replace-url="true"',
    "oob": 'hx-select-oob="#main"',
    "confirm": 'hx-confirm="Sure?"',
    "prompt": 'hx-prompt="Why?"',
    "values": """hx-vals='{"gate": "", "task": "name"}' hx-params="none" """,
    "include": 'hx-include="#other" hx-disabled-elt="find button"',
    "json": 'hx-ext="json-enc" hx-encoding="multipart/form-data"',
    "request": """hx-request='{"noHeaders": true}' hx-sync="body:replace" """,
    "inherit": 'hx-disinherit="*" hx-indicator="#main"',
}
