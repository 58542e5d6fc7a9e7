"""Connecting an outside system by hand: choose it, let it in, try it, see what it would bring, and let it go live."""
