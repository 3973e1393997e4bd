"""A small site that each server serves in processes of its own."""
