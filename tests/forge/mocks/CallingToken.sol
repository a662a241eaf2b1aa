// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

interface ITokenRecipient {
    function tokensReceived() external;
}

/// @title CallingToken
/// @notice Calls whoever receives it, after the move and without a bound on gas, as ERC-777 does. A recipient that
/// reverts refuses the transfer.
contract CallingToken is PlainToken {
    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        if (to.code.length != 0 && to != msg.sender) ITokenRecipient(to).tokensReceived();
    }
}
