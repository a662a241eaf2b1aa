// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken, PlainToken} from "./LedgerToken.sol";

/// @title LimitToken
/// @notice Refuses to move, or to allow, more at once than 96 bits hold, or than it was told. An allowance of all that
/// a word can say becomes one of all that it knows.
contract LimitToken is PlainToken {
    uint256 public limit = type(uint96).max;

    error TooLarge(uint256 amount, uint256 limit);

    function setLimit(uint256 to) external {
        limit = to;
    }

    function approve(address spender, uint256 amount) external override returns (bool) {
        if (amount == type(uint256).max) amount = limit;
        _check(amount);
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function _move(address from, address to, uint256 amount) internal override {
        _check(amount);
        LedgerToken._move(from, to, amount);
    }

    function _check(uint256 amount) private view {
        if (amount > limit) revert TooLarge(amount, limit);
    }
}
