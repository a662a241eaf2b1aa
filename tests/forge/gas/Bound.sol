// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Bound
/// @notice The least that any escrow can cost: the transaction, one transfer, one storage slot, one event with two topics
/// and 64 bytes. It protects nobody: anybody may send what is in it anywhere.
contract Bound {
    event Act(bytes32 indexed id, uint256 amount, uint256 state);

    mapping(bytes32 id => uint256 state) private _states;

    function fund(bytes32 id, IERC20 token, uint256 amount) external {
        _set(id, amount, 1);
        token.transferFrom(msg.sender, address(this), amount);
    }

    function fundCoin(bytes32 id) external payable {
        _set(id, msg.value, 1);
    }

    function submit(bytes32 id) external {
        _set(id, 0, 2);
    }

    function release(bytes32 id, IERC20 token, address to, uint256 amount) external {
        _set(id, amount, 3);
        token.transfer(to, amount);
    }

    function releaseLast(bytes32 id, IERC20 token, address to, uint256 amount) external {
        _set(id, amount, 0);
        token.transfer(to, amount);
    }

    function releaseCoin(bytes32 id, address to, uint256 amount) external {
        _set(id, amount, 3);
        (bool isSent,) = to.call{value: amount}("");
        require(isSent);
    }

    function _set(bytes32 id, uint256 amount, uint256 state) private {
        _states[id] = state;
        emit Act(id, amount, state);
    }
}
