// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken, PlainToken} from "./LedgerToken.sol";

/// @title RebasingToken
/// @notice Every balance is a share of a whole that may be set at any time, even in the middle of a transfer.
contract RebasingToken is PlainToken {
    uint256 private _percent = 100;
    uint256 private _percentAfterTransfer;

    /// Makes every balance `percent` of what it was minted as.
    function rebase(uint256 percent) external {
        _percent = percent;
    }

    function rebaseDuringTransfers(uint256 percent) external {
        _percentAfterTransfer = percent;
    }

    function balanceOf(address owner) public view override returns (uint256) {
        return _balances[owner] * _percent / 100;
    }

    function _move(address from, address to, uint256 amount) internal override {
        LedgerToken._move(from, to, amount * 100 / _percent);
        if (_percentAfterTransfer != 0) _percent = _percentAfterTransfer;
    }
}
