// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title LedgerToken
/// @notice Balances and allowances and nothing else: the honest part that the tokens which misbehave share.
/// @dev Keeps no supply, so one account may hold as much as a word can say. Its storage comes first in every token that
/// builds on it, which lets the code at an address be exchanged for another.
abstract contract LedgerToken {
    mapping(address owner => uint256) internal _balances;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    error BalanceTooLow(address owner, uint256 balance, uint256 amount);

    function mint(address to, uint256 amount) external {
        _balances[to] += amount;
    }

    function approve(address spender, uint256 amount) external virtual returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function balanceOf(address owner) public view virtual returns (uint256) {
        return _balances[owner];
    }

    function _spend(address owner, uint256 amount) internal {
        if (allowance[owner][msg.sender] != type(uint256).max) allowance[owner][msg.sender] -= amount;
    }

    function _move(address from, address to, uint256 amount) internal virtual {
        if (_balances[from] < amount) revert BalanceTooLow(from, _balances[from], amount);
        _balances[from] -= amount;
        _balances[to] += amount;
    }
}

/// @title PlainToken
/// @notice Transfers and says so.
contract PlainToken is LedgerToken {
    function transfer(address to, uint256 amount) external virtual returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external virtual returns (bool) {
        _spend(from, amount);
        _move(from, to, amount);
        return true;
    }
}
