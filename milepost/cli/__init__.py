"""The `milepost` command: what people type, over the same SDK that programs use.

web3 loads only when a command needs a node, so that `--help` is quick. Data goes to stdout;
questions and progress go to stderr.
"""
