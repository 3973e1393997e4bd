"""Several engines that work as one.

batches    texts that are sent together
member     one engine, and how it is doing
team       the engines of one loop: which of them gets the next batch
service    what the other threads know of the team, and what keeps that up to date
work       the coordinator through which all documents' batches go
"""
