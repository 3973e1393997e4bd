"""A reader of docs/, who does what a page says on a site of its own."""
