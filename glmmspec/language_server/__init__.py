"""The language server: what an editor shows of a spec while it is written.

`document`, `hover` and `completion` know nothing of the protocol, which `server` speaks.
"""
