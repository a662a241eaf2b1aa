// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title OddToken
/// @notice Moves more or less into an account than it is asked to, as it is told, takes any authorisation, and answers
/// false to a transfer that it is told to refuse.
contract OddToken is ERC20 {
    int256 private _error;
    bool private _isRefusing;

    constructor() ERC20("Odd", "ODD") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// What arrives differs by `error` from what was asked.
    function setError(int256 error) external {
        _error = error;
    }

    function setRefusing(bool isRefusing) external {
        _isRefusing = isRefusing;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return !_isRefusing && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _move(from, to, amount);
        return true;
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 amount,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        _transfer(from, to, amount);
        if (_error > 0) _mint(to, uint256(_error));
        else _burn(to, uint256(-_error));
    }
}
