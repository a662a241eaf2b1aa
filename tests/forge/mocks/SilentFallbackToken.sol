// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title SilentFallbackToken
/// @notice Accepts every call that it does not know and does nothing, as the wrapped coin does: also a permit, and a
/// transfer by authorisation.
contract SilentFallbackToken is PlainToken {
    fallback() external {}
}
