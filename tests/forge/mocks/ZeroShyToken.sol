// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken, PlainToken} from "./LedgerToken.sol";

/// @title ZeroShyToken
/// @notice Counts transfers, and those of nothing apart. While it is shy it refuses to move nothing.
contract ZeroShyToken is PlainToken {
    bool private _isShy;
    uint256 public transfers;
    uint256 public zeros;

    function setShy(bool isShy) external {
        _isShy = isShy;
    }

    function _move(address from, address to, uint256 amount) internal override {
        require(!_isShy || amount != 0, "nothing to move");
        ++transfers;
        if (amount == 0) ++zeros;
        LedgerToken._move(from, to, amount);
    }
}
