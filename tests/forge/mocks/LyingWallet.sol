// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title LyingWallet
/// @notice A wallet with code that answers a question for its signature (ERC-1271) in the way it was told.
contract LyingWallet {
    enum Manner {
        /// Confirms everything.
        Confirm,
        /// Denies everything with a zero.
        Deny,
        /// Answers with a one, as a boolean.
        True,
        /// Answers with the magic value at the wrong end of the word.
        WrongEnd,
        /// Answers with the magic value and other bytes behind it in the same word.
        DirtyWord,
        /// Answers with the four bytes of the magic value and no more.
        FourBytes,
        /// Answers with one byte less than a word.
        ShortWord,
        /// Answers with nothing.
        Nothing,
        /// Reverts with nothing.
        Revert,
        /// Reverts with the magic value.
        RevertMagic,
        /// Uses all the gas.
        BurnGas,
        /// Answers with zeros, a megabyte of them.
        DenyBomb,
        /// Answers with the magic value and a megabyte behind it.
        ConfirmBomb,
        /// Reverts with the magic value and a megabyte behind it.
        RevertBomb,
        /// Makes a call, and confirms where that ends exactly as it was told.
        Call
    }

    Manner private _manner;
    address private _target;
    bytes private _data;
    bool private _success;
    bytes32 private _answerHash;

    function setManner(Manner manner) external {
        _manner = manner;
    }

    /// A question for its signature may not write, so the wallet cannot remember an answer. It is told which to expect.
    function setCall(address target, bytes calldata data, bool success, bytes calldata answer) external {
        (_manner, _target, _data, _success, _answerHash) = (Manner.Call, target, data, success, keccak256(answer));
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        bytes32 magic = IERC1271.isValidSignature.selector;
        Manner manner = _manner;
        if (manner == Manner.Confirm) _answer(magic, 32);
        if (manner == Manner.Deny) _answer(0, 32);
        if (manner == Manner.True) _answer(bytes32(uint256(1)), 32);
        if (manner == Manner.WrongEnd) _answer(magic >> 224, 32);
        if (manner == Manner.DirtyWord) _answer(magic | bytes32(uint256(1)), 32);
        if (manner == Manner.FourBytes) _answer(magic, 4);
        if (manner == Manner.ShortWord) _answer(magic, 31);
        if (manner == Manner.Nothing) _answer(magic, 0);
        if (manner == Manner.Revert) _refuse(magic, 0);
        if (manner == Manner.RevertMagic) _refuse(magic, 32);
        if (manner == Manner.BurnGas) while (true) {}
        if (manner == Manner.DenyBomb) _answer(0, 1_000_000);
        if (manner == Manner.ConfirmBomb) _answer(magic, 1_000_000);
        if (manner == Manner.RevertBomb) _refuse(magic, 1_000_000);
        (bool success, bytes memory answer) = _target.call(_data);
        _answer(success == _success && keccak256(answer) == _answerHash ? magic : bytes32(0), 32);
    }

    function _answer(bytes32 word, uint256 size) private pure {
        assembly ("memory-safe") {
            let position := mload(0x40)
            mstore(position, word)
            return(position, size)
        }
    }

    function _refuse(bytes32 word, uint256 size) private pure {
        assembly ("memory-safe") {
            let position := mload(0x40)
            mstore(position, word)
            revert(position, size)
        }
    }
}
