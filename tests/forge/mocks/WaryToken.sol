// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title WaryToken
/// @notice Allows only from nothing to something: it refuses to change an allowance that stands, and to set one to
/// nothing. It counts who allows what.
contract WaryToken is PlainToken {
    mapping(address owner => uint256) public approvals;

    error AllowanceStands(address owner, address spender, uint256 stands);
    error NothingAllowed();

    function approve(address spender, uint256 amount) external override returns (bool) {
        uint256 stands = allowance[msg.sender][spender];
        if (stands != 0) revert AllowanceStands(msg.sender, spender, stands);
        if (amount == 0) revert NothingAllowed();
        allowance[msg.sender][spender] = amount;
        ++approvals[msg.sender];
        return true;
    }
}
