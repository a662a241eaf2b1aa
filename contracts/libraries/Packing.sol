// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Clock, Status} from "../types/EscrowTypes.sol";

/// @title Packing
/// @notice Statuses sixty-four to a word, clocks four to a word.
///
///     clock, 64 bits:  | disputed 15 | claimed 15 | since 34 |
library Packing {
    uint256 private constant STATUS_MASK = 0xf;
    uint256 private constant CLOCK_MASK = type(uint64).max;
    uint256 private constant SINCE_BITS = 34;
    uint256 private constant SINCE_MASK = 2 ** SINCE_BITS - 1;
    uint256 private constant UNITS_BITS = 15;
    uint256 private constant UNITS_MASK = 2 ** UNITS_BITS - 1;

    /// A clock value is wider than its field.
    error ClockOverflow(uint256 since, uint256 claimed, uint256 disputed);

    function statusOf(uint256 statuses, uint256 milestone) internal pure returns (Status) {
        return Status((statuses >> (milestone * 4)) & STATUS_MASK);
    }

    /// @return `statuses` with `milestone` set to `status` and every other one as it was.
    function withStatus(uint256 statuses, uint256 milestone, Status status) internal pure returns (uint256) {
        uint256 shift = milestone * 4;
        return (statuses & ~(STATUS_MASK << shift)) | (uint256(status) << shift);
    }

    function clockOf(uint256 clocks, uint256 milestone) internal pure returns (Clock memory) {
        uint256 packed = clocks >> _clockShift(milestone);
        return Clock({
            since: uint40(packed & SINCE_MASK),
            claimed: uint16((packed >> SINCE_BITS) & UNITS_MASK),
            disputed: uint16((packed >> (SINCE_BITS + UNITS_BITS)) & UNITS_MASK)
        });
    }

    /// @return `clocks` with the clock of `milestone` replaced and every other one as it was.
    function withClock(uint256 clocks, uint256 milestone, uint256 since, uint256 claimed, uint256 disputed)
        internal
        pure
        returns (uint256)
    {
        if (since > SINCE_MASK || claimed > UNITS_MASK || disputed > UNITS_MASK) {
            revert ClockOverflow(since, claimed, disputed);
        }
        uint256 shift = _clockShift(milestone);
        uint256 packed = since | (claimed << SINCE_BITS) | (disputed << (SINCE_BITS + UNITS_BITS));
        return (clocks & ~(CLOCK_MASK << shift)) | (packed << shift);
    }

    function _clockShift(uint256 milestone) private pure returns (uint256) {
        return (milestone % 4) * 64;
    }
}
