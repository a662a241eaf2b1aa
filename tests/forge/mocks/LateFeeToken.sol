// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title LateFeeToken
/// @notice Takes a fee out of every transfer, at a rate that may be set at any time.
contract LateFeeToken is PlainToken {
    uint256 private _feeBps;

    function setFee(uint256 bps) external {
        _feeBps = bps;
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        _balances[to] -= amount * _feeBps / 10_000;
    }
}
