"""Apertium by local pipes: no server, no network, nothing kept of a text.

modes      what is installed, and the programs of each language pair
routes     the shortest way over several pairs
cutting    long texts in parts that a pipe translates quickly
armour     what must never reach a program as itself
stages     the programs of one pipe as processes
exchange   bytes in at one end while answers come out of the other
pipe       the protocol: one visitor's answers are never another's
pipes      the pipes of one loop: few, and only as long as they are used
engine     all of it behind the contract of `engines`
"""

from demo_site.translation.apertium.engine import ApertiumEngine

__all__ = ["ApertiumEngine"]
