// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status} from "../types/EscrowTypes.sol";

/// @title Packing
/// @notice Statuses sixty-four to a word, clocks four to a word.
///
///     clock, 64 bits:  | disputed 15 | claimed 15 | since 34 |
library Packing {
    uint256 private constant STATUS_MASK = 0xf;
    uint256 private constant CLOCK_MASK = type(uint64).max;
    uint256 private constant SINCE_MASK = 0x3ffffffff;
    uint256 private constant UNITS_MASK = 0x7fff;
    uint256 private constant CLAIMED_SHIFT = 34;
    uint256 private constant DISPUTED_SHIFT = 49;

    /// A clock value is wider than its field.
    error ClockOverflow(uint256 since, uint256 claimed, uint256 disputed);

    function statusOf(uint256 statuses, uint256 milestone) internal pure returns (Status) {
        return Status((statuses >> (milestone << 2)) & STATUS_MASK);
    }

    /// @return `statuses` with `milestone` set to `status` and every other one as it was.
    function withStatus(uint256 statuses, uint256 milestone, Status status) internal pure returns (uint256) {
        uint256 shift = milestone << 2;
        return (statuses & ~(STATUS_MASK << shift)) | (uint256(status) << shift);
    }

    /// @return ones Bit 4i is set where bit i of `set` is: the lowest bit of every status of the set.
    function spread(uint64 set) internal pure returns (uint256 ones) {
        ones = set;
        ones = (ones | (ones << 96)) & 0x000000000000000000000000ffffffff000000000000000000000000ffffffff;
        ones = (ones | (ones << 48)) & 0x000000000000ffff000000000000ffff000000000000ffff000000000000ffff;
        ones = (ones | (ones << 24)) & 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
        ones = (ones | (ones << 12)) & 0x000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f;
        ones = (ones | (ones << 6)) & 0x0303030303030303030303030303030303030303030303030303030303030303;
        ones = (ones | (ones << 3)) & 0x1111111111111111111111111111111111111111111111111111111111111111;
    }

    /// @param ones The milestones to look at, {spread}.
    /// @return Not zero where one of them is not at `status`: its four bits are not all zero.
    function otherThan(uint256 statuses, uint256 ones, Status status) internal pure returns (uint256) {
        // One bit times fifteen at most stays within its four bits.
        unchecked {
            return (statuses ^ (ones * uint256(status))) & (ones * STATUS_MASK);
        }
    }

    /// @param ones The milestones to set, {spread}.
    /// @return `statuses` with each of them at `status` and every other one as it was.
    function withAll(uint256 statuses, uint256 ones, Status status) internal pure returns (uint256) {
        unchecked {
            return (statuses & ~(ones * STATUS_MASK)) | (ones * uint256(status));
        }
    }

    /// @return The clock of `milestone`, packed; zero where none was started.
    function clockOf(uint256 clocks, uint256 milestone) internal pure returns (uint256) {
        return (clocks >> _clockShift(milestone)) & CLOCK_MASK;
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
        uint256 clock = since | (claimed << CLAIMED_SHIFT) | (disputed << DISPUTED_SHIFT);
        return (clocks & ~(CLOCK_MASK << shift)) | (clock << shift);
    }

    /// @return Unix time at which `clock` started.
    function sinceOf(uint256 clock) internal pure returns (uint256) {
        return clock & SINCE_MASK;
    }

    /// @return Units claimed; zero means the whole.
    function claimedOf(uint256 clock) internal pure returns (uint256) {
        return (clock >> CLAIMED_SHIFT) & UNITS_MASK;
    }

    /// @return Units disputed; zero where there is no dispute.
    function disputedOf(uint256 clock) internal pure returns (uint256) {
        return clock >> DISPUTED_SHIFT;
    }

    function _clockShift(uint256 milestone) private pure returns (uint256) {
        return (milestone & 3) << 6;
    }
}
