// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title BombWallet
/// @notice Meets a token that says so by using all but so much gas, and reverting with as many bytes as that can build:
/// whoever copies them needs the same again.
contract BombWallet {
    uint256 private immutable KEEP;
    uint256 private immutable SIZE;

    constructor(uint256 keep, uint256 size) {
        (KEEP, SIZE) = (keep, size);
    }

    function tokensReceived() external view {
        uint256 size = SIZE;
        while (gasleft() > KEEP) {}
        assembly ("memory-safe") {
            revert(0, size)
        }
    }
}
