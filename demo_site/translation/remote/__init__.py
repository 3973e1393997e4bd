"""Engines that are servers, by HTTP.

retry_after     when a busy server may be asked again
client          requests of JSON, bounded in time and size
engine          what all of these engines share; the base of one's own
libretranslate, easynmt, apy
"""

from demo_site.translation.remote.apy import ApyEngine
from demo_site.translation.remote.easynmt import EasyNMTEngine
from demo_site.translation.remote.engine import RemoteEngine
from demo_site.translation.remote.libretranslate import LibreTranslateEngine

__all__ = ["ApyEngine", "EasyNMTEngine", "LibreTranslateEngine", "RemoteEngine"]
