// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title OddPermitToken
/// @notice Meets a permit (ERC-2612) in the way it was told. Asks for no signature.
contract OddPermitToken is PlainToken {
    enum Manner {
        /// Does nothing.
        Nothing,
        /// Reverts with a reason.
        Revert,
        /// Reverts with a megabyte.
        RevertBomb,
        /// Uses all the gas there is.
        BurnGas,
        /// Returns a megabyte.
        ReturnBomb,
        /// Allows its maker instead.
        Other,
        /// Allows all that a word can say.
        More
    }

    address private immutable MAKER = msg.sender;
    Manner private _manner;

    error Unwilling();

    function setManner(Manner manner) external {
        _manner = manner;
    }

    function permit(address owner, address spender, uint256 value, uint256, uint8, bytes32, bytes32) external {
        if (_manner == Manner.Revert) revert Unwilling();
        if (_manner == Manner.RevertBomb) {
            assembly ("memory-safe") {
                // From memory that nothing has written.
                revert(0x10000, 1000000)
            }
        }
        if (_manner == Manner.BurnGas) while (true) {}
        if (_manner == Manner.ReturnBomb) {
            assembly ("memory-safe") {
                return(0x10000, 1000000)
            }
        }
        if (_manner == Manner.Other) allowance[owner][MAKER] = value;
        if (_manner == Manner.More) allowance[owner][spender] = type(uint256).max;
    }
}

/// @title YesNoPermitToken
/// @notice Knows permits of a form of its own: all or nothing, under a number of the owner's, as an early dollar token
/// does.
contract YesNoPermitToken is PlainToken {
    mapping(address owner => uint256) public nonces;

    error PermitInvalid(address owner);

    function permit(
        address owner,
        address spender,
        uint256 nonce,
        uint256 expiry,
        bool isAllowed,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 digest = digestOf(owner, spender, nonce, expiry, isAllowed);
        if (ecrecover(digest, v, r, s) != owner || nonce != nonces[owner]++) revert PermitInvalid(owner);
        allowance[owner][spender] = isAllowed ? type(uint256).max : 0;
    }

    function digestOf(address owner, address spender, uint256 nonce, uint256 expiry, bool isAllowed)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(address(this), owner, spender, nonce, expiry, isAllowed));
    }
}
