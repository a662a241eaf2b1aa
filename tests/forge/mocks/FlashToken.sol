// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITokenRecipient} from "./CallingToken.sol";
import {PlainToken} from "./LedgerToken.sol";

/// @title FlashToken
/// @notice Lends out of nothing for the length of one call.
contract FlashToken is PlainToken {
    /// Mints `amount` to `to`, calls the caller, and takes `amount` back from them.
    function flash(address to, uint256 amount) external {
        _balances[to] += amount;
        ITokenRecipient(msg.sender).tokensReceived();
        if (_balances[msg.sender] < amount) revert BalanceTooLow(msg.sender, _balances[msg.sender], amount);
        _balances[msg.sender] -= amount;
    }
}
