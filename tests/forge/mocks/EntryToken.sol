// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken} from "./LedgerToken.sol";

/// @title EntryToken
/// @notice A second address for another token: the same balances, transfers and refusals.
contract EntryToken {
    TwoEntryToken private immutable _LEDGER;

    constructor(TwoEntryToken ledger) {
        _LEDGER = ledger;
    }

    function balanceOf(address owner) external view returns (uint256) {
        return _LEDGER.balanceOf(owner);
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _LEDGER.transferFor(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _LEDGER.transferFromFor(msg.sender, from, to, amount);
    }
}

/// @title TwoEntryToken
/// @notice A token with a second address, {EntryToken}. Refuses one recipient.
contract TwoEntryToken is LedgerToken {
    EntryToken public immutable SECOND = new EntryToken(this);
    address private _refused;

    error Refused(address to);

    function refuse(address recipient) external {
        _refused = recipient;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _spend(from, amount);
        _move(from, to, amount);
        return true;
    }

    function transferFor(address from, address to, uint256 amount) external returns (bool) {
        require(msg.sender == address(SECOND), "not an entry");
        _move(from, to, amount);
        return true;
    }

    function transferFromFor(address spender, address from, address to, uint256 amount) external returns (bool) {
        require(msg.sender == address(SECOND), "not an entry");
        allowance[from][spender] -= amount;
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) internal override {
        if (to == _refused) revert Refused(to);
        super._move(from, to, amount);
    }
}
