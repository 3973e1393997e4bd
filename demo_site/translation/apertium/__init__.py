"""Apertium by local pipes: no server, no network, no text is kept.

packages   installing it on Debian and Ubuntu
modes      the installed language pairs, and the programs of each
cutting    long texts in parts that a pipe translates quickly
armour     what must not reach a program as it is
stages     the programs of one pipe, as processes
exchange   writing requests and reading answers at the same time
pipe       the protocol, which keeps visitors' answers apart
pipes      the few pipes of one loop, closed when they are not used
engine     the engine, as `contract` demands it
"""

from demo_site.translation.apertium.engine import ApertiumEngine

__all__ = ["ApertiumEngine"]
