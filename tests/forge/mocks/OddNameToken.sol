// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title OddNameToken
/// @notice Has a name of 32 bytes, a symbol that uses all the gas, decimals that are no number of eight bits, and a
/// supply that it does not tell.
contract OddNameToken is PlainToken {
    bytes32 public constant name = "<script>";
    uint256 public constant decimals = type(uint256).max;

    function symbol() external pure returns (bytes32) {
        assembly ("memory-safe") {
            invalid()
        }
    }

    function totalSupply() external pure returns (uint256) {
        revert("ask somebody else");
    }
}
