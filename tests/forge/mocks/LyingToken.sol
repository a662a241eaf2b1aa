// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title LyingToken
/// @notice Says whatever it was told of one account's balance, or of how much was moved into it.
contract LyingToken is PlainToken {
    address private _account;
    uint256 private _claimed;
    bool private _isLying;
    /// What a transfer by allowance adds to the lie instead of moving anything.
    bool private _isPretending;

    function lie(address account, uint256 balance) external {
        (_account, _claimed, _isLying) = (account, balance, true);
    }

    function pretend(address account) external {
        (_account, _claimed, _isLying, _isPretending) = (account, 0, true, true);
    }

    function balanceOf(address owner) public view override returns (uint256) {
        return _isLying && owner == _account ? _claimed : _balances[owner];
    }

    function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
        if (_isPretending && to == _account) {
            _claimed += amount;
            return true;
        }
        _spend(from, amount);
        _move(from, to, amount);
        return true;
    }
}
