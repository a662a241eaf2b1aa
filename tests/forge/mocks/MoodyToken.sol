// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken} from "./LedgerToken.sol";

/// @title MoodyToken
/// @notice Moves and answers in the way it was told, for transfers and for transfers by allowance each. Its manner may
/// change at any time.
contract MoodyToken is LedgerToken {
    enum Manner {
        /// Moves and returns true.
        True,
        /// Moves and returns nothing.
        Nothing,
        /// Returns false and moves nothing.
        False,
        /// Returns two and moves nothing.
        Two,
        /// Returns two bytes and moves nothing.
        TwoBytes,
        /// Returns 31 bytes and moves nothing.
        ShortWord,
        /// Moves and returns true in the first of two words.
        TwoWords,
        /// Moves and returns true in the first of 31,250 words.
        ReturnBomb,
        /// Reverts with a reason.
        Revert,
        /// Reverts with a megabyte.
        RevertBomb,
        /// Uses all the gas there is.
        BurnGas,
        /// Moves one unit less than asked and returns true.
        OneLess,
        /// Moves one unit more than asked and returns true.
        OneMore,
        /// Moves nothing and returns true.
        Unmoved,
        /// Moves and returns false.
        MovedButFalse,
        /// Moves and returns two.
        MovedButTwo,
        /// Moves all the owner has where all that a word can say is asked.
        AllForMax
    }

    uint256 internal constant BOMB = 1_000_000;

    Manner internal _onTransfer;
    Manner internal _onTransferFrom;

    error Unwilling(address from, address to, uint256 amount);

    function setManner(Manner onTransfer, Manner onTransferFrom) external {
        (_onTransfer, _onTransferFrom) = (onTransfer, onTransferFrom);
    }

    function transfer(address to, uint256 amount) external {
        _act(_onTransfer, msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        _spend(from, amount);
        _act(_onTransferFrom, from, to, amount);
    }

    /// Moves, then ends the call with the answer.
    function _act(Manner manner, address from, address to, uint256 amount) private {
        if (manner == Manner.True) _moveAndReturn(from, to, amount, 1, 32);
        if (manner == Manner.Nothing) _moveAndReturn(from, to, amount, 0, 0);
        if (manner == Manner.False) _return(0, 32);
        if (manner == Manner.Two) _return(2, 32);
        if (manner == Manner.TwoBytes) _return(1, 2);
        if (manner == Manner.ShortWord) _return(type(uint256).max, 31);
        if (manner == Manner.TwoWords) _moveAndReturn(from, to, amount, 1, 64);
        if (manner == Manner.ReturnBomb) _moveAndReturn(from, to, amount, 1, BOMB);
        if (manner == Manner.Revert) revert Unwilling(from, to, amount);
        if (manner == Manner.RevertBomb) {
            assembly ("memory-safe") {
                // From memory that nothing has written.
                revert(0x10000, BOMB)
            }
        }
        if (manner == Manner.BurnGas) while (true) {}
        if (manner == Manner.OneLess) _moveAndReturn(from, to, amount - 1, 1, 32);
        if (manner == Manner.OneMore) _moveAndReturn(from, to, amount + 1, 1, 32);
        if (manner == Manner.Unmoved) _return(1, 32);
        if (manner == Manner.MovedButFalse) _moveAndReturn(from, to, amount, 0, 32);
        if (manner == Manner.MovedButTwo) _moveAndReturn(from, to, amount, 2, 32);
        if (manner == Manner.AllForMax) {
            _moveAndReturn(from, to, amount == type(uint256).max ? _balances[from] : amount, 1, 32);
        }
    }

    function _moveAndReturn(address from, address to, uint256 amount, uint256 word, uint256 size) private {
        _move(from, to, amount);
        _return(word, size);
    }

    function _return(uint256 word, uint256 size) private pure {
        assembly ("memory-safe") {
            mstore(0, word)
            return(0, size)
        }
    }
}
