"""Everything that talks to a node. Only here and in `milepost.signing` is web3 imported.

Low-level exceptions end here: what leaves is one of `milepost.errors`.
"""
