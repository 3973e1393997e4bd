"""A translation editor: the example to learn `ephemeral_tasks` from."""
