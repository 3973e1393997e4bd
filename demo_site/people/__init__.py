"""An action of the admin: chosen users become a CSV file.

Django's own list of users has it in its menu. `tasks.py` is the work, `admin.py` offers
it; the page that shows the operation comes with `ephemeral_tasks`.
"""
