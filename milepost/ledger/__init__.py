"""The ledger: every agreement of one escrow, read from the chain's logs into a database.

`store` is the database, `replay` what events make of an agreement, `sync` the way from the node
into the database, `reads` the way out. The others present what was read.
"""
