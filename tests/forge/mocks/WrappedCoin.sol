// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title WrappedCoin
/// @notice Takes coin from anybody and books it to whoever sent it, as the wrapped coin does.
contract WrappedCoin is PlainToken {
    receive() external payable {
        _balances[msg.sender] += msg.value;
    }

    function withdraw(uint256 amount) external {
        _balances[msg.sender] -= amount;
        payable(msg.sender).transfer(amount);
    }
}
