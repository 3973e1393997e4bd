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

FOUR = (
    'hx-boost:inherited="true" hx-target:inherited="#main" hx-select:inherited="#main"'
    ' hx-confirm:inherited="Sure?" hx-disable:inherited="find button"'
    ' hx-include:inherited="#other" hx-indicator:inherited="#main"'
    ' hx-replace-url:inherited="true" hx-select-oob:inherited="#main"'
    """ hx-vals:inherited='{"gate": ""}' hx-sync:inherited="body:replace" """
)
"""The same in htmx 4, all at once."""
