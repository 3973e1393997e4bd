"""One pool for all processes of a machine: who hosts it, the wire, both of its ends.

Knows no verb and no owner: a call is a name with arguments, and an answer a value.
"""
