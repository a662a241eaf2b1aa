// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {vm} from "../utils/Vm.sol";

/// @title CoinFaceToken
/// @notice The chain's own coin with the face of a token: one balance under two names. A transfer under this one does
/// not call whoever receives it.
/// @dev What a cheat code moves stays moved where the call is reverted after it: tests of such calls go back to a
/// snapshot.
contract CoinFaceToken {
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    error BalanceTooLow(address owner, uint256 balance, uint256 amount);

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function balanceOf(address owner) external view returns (uint256) {
        return owner.balance;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) private {
        if (from.balance < amount) revert BalanceTooLow(from, from.balance, amount);
        vm.deal(from, from.balance - amount);
        vm.deal(to, to.balance + amount);
    }
}
