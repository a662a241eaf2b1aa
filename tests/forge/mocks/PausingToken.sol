// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken, PlainToken} from "./LedgerToken.sol";

/// @title PausingToken
/// @notice Refuses every transfer while it is paused, which may begin in the middle of an act.
contract PausingToken is PlainToken {
    bool private _isPaused;
    /// Transfers until it pauses by itself; zero for never.
    uint256 private _left;

    error Paused();

    function setPaused(bool isPaused) external {
        _isPaused = isPaused;
    }

    function pauseAfter(uint256 transfers) external {
        _left = transfers;
    }

    function _move(address from, address to, uint256 amount) internal override {
        if (_isPaused) revert Paused();
        LedgerToken._move(from, to, amount);
        if (_left != 0 && --_left == 0) _isPaused = true;
    }
}
