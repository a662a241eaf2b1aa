// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken} from "./LedgerToken.sol";

/// @title OwnMoverToken
/// @notice Asks no allowance of an owner who moves their own by `transferFrom`, and makes money where an owner moves to
/// themselves, because it reads both balances before it writes them. Honours every authorisation (ERC-3009).
contract OwnMoverToken is LedgerToken {
    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (from != msg.sender) _spend(from, amount);
        _move(from, to, amount);
        return true;
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _move(from, to, value);
    }

    function _move(address from, address to, uint256 amount) internal override {
        (uint256 fromBalance, uint256 toBalance) = (_balances[from], _balances[to]);
        if (fromBalance < amount) revert BalanceTooLow(from, fromBalance, amount);
        _balances[from] = fromBalance - amount;
        _balances[to] = toBalance + amount;
    }
}
