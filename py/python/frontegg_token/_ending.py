"""Keeps threads of the native module out of an interpreter that ends, or that was forked."""

from __future__ import annotations

import atexit
import os

from . import _native

atexit.register(_native.stop_wakes)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.forget_wakes)
