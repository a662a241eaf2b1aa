// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Packing} from "../../../contracts/libraries/Packing.sol";
import {Status} from "../../../contracts/types/EscrowTypes.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title PackingTest
/// @notice Sets of milestones in a word of statuses, and the parts of a clock, beside plain loops and plain arithmetic.
contract PackingTest is CoreTest {
    using Packing for uint64;
    using Packing for uint256;

    uint64 private constant ALL = type(uint64).max;
    uint256 private constant ONES = type(uint256).max / 0xf;

    // Sets

    function testFuzz_any_set_is_spread(uint64 set) public pure {
        same(set.spread(), _spread(set), "law 8: a milestone's place in the word");
    }

    function testNoneEachAndAllAreSpread() public pure {
        same(uint64(0).spread(), 0, "law 8: none");
        same(ALL.spread(), ONES, "law 8: all");
        for (uint256 i = 0; i < 64; ++i) {
            uint64 bit = uint64(1) << uint64(i);
            same(bit.spread(), 16 ** i, "law 8: one alone");
            same((~bit).spread(), ONES - 16 ** i, "law 8: all but one");
        }
    }

    function testFuzz_what_is_at_another_status(uint256 statuses, uint64 set, uint8 status) public pure {
        Status expected = _status(status);
        uint256 other = statuses.otherThan(_spread(set), expected);
        same(other, _otherThan(statuses, set, expected), "law 8: of any word");
        // Of a word in which nearly all are there, as it is where sets are acted on.
        statuses = words(statuses, ALL, expected);
        same(statuses.otherThan(_spread(set), expected), 0, "law 8: all are there");
        statuses = words(statuses, set, _status(uint256(status) + 1));
        uint256 places = (status % 11) ^ ((uint256(status) + 1) % 11);
        same(statuses.otherThan(ONES, expected), _spread(set) * places, "law 8: where they are not");
        same(statuses.otherThan(_spread(~set), expected), 0, "law 8: beside them");
    }

    function testOneAtAnotherStatusIsFound() public pure {
        for (uint256 status = 0; status < STATUSES; ++status) {
            uint256 statuses = ONES * status;
            same(statuses.otherThan(ONES, Status(status)), 0, "law 8: all are there");
            same(statuses.otherThan(0, _status(status + 1)), 0, "law 8: of none");
            for (uint256 i = 0; i < 64; ++i) {
                uint256 other = (status + 1 + i % 10) % STATUSES;
                uint256 changed = word(statuses, i, Status(other));
                uint256 found = (status ^ other) * 16 ** i;
                same(changed.otherThan(ONES, Status(status)), found, "law 8: one of all");
                same(changed.otherThan(16 ** i, Status(status)), found, "law 8: one alone");
                same(changed.otherThan(ONES - 16 ** i, Status(status)), 0, "law 8: all the others");
            }
        }
    }

    function testFuzz_a_set_is_moved(uint256 statuses, uint64 set, uint8 status) public pure {
        uint256 moved = statuses.withAll(_spread(set), _status(status));
        same(moved, words(statuses, set, _status(status)), "law 8: the set, and nothing beside it");
    }

    function testNoneEachAndAllAreMoved() public pure {
        for (uint256 status = 0; status < STATUSES; ++status) {
            uint256 statuses = ONES * (STATUSES - 1 - status);
            same(statuses.withAll(0, Status(status)), statuses, "law 8: none");
            same(statuses.withAll(ONES, Status(status)), ONES * status, "law 8: all");
            for (uint256 i = 0; i < 64; ++i) {
                uint256 moved = statuses.withAll(16 ** i, Status(status));
                same(moved, word(statuses, i, Status(status)), "law 8: one alone");
                same(uint256(moved.statusOf(i)), status, "law 8: it is read as it was written");
                same(moved, statuses.withStatus(i, Status(status)), "law 8: as by itself");
            }
        }
    }

    // Clocks

    function testFuzz_a_clock_is_read_in_parts(uint256 clocks, uint8 i, uint40 since, uint16 claimed, uint16 disputed)
        public
        pure
    {
        uint256 place = i % 4;
        (uint256 s, uint256 c, uint256 d) = (since % 2 ** 34, claimed % 2 ** 15, disputed % 2 ** 15);
        uint256 written = clocks.withClock(i, s, c, d);
        for (uint256 k = 0; k < 4; ++k) {
            uint256 before = clocks / 2 ** (64 * k) % 2 ** 64;
            uint256 expected = k == place ? s + 2 ** 34 * c + 2 ** 49 * d : before;
            same(written.clockOf(k), expected, "law 8: one clock of four");
        }
        uint256 clock = written.clockOf(i);
        same(clock.sinceOf(), s, "law 17: since");
        same(clock.claimedOf(), c, "law 6: units claimed");
        same(clock.disputedOf(), d, "law 6: units disputed");
    }

    function testAClockOfTheLargestParts() public pure {
        for (uint256 i = 0; i < 64; ++i) {
            uint256 shift = 64 * (i % 4);
            uint256 all = uint256(type(uint64).max) << shift;
            same(uint256(0).withClock(i, 2 ** 34 - 1, 2 ** 15 - 1, 2 ** 15 - 1), all, "law 8: every bit of one");
            same(type(uint256).max.withClock(i, 0, 0, 0), ~all, "law 8: no bit of the others");
            same(uint256(0).withClock(i, 1, 2, 3), (1 + (2 << 34) + (3 << 49)) << shift, "law 8: each in its place");
        }
    }

    // Plain loops

    function _spread(uint64 set) private pure returns (uint256 ones) {
        for (uint256 i = 0; i < 64; ++i) {
            if ((set >> i) & 1 == 1) ones += 16 ** i;
        }
    }

    function _otherThan(uint256 statuses, uint64 set, Status status) private pure returns (uint256 other) {
        for (uint256 i = 0; i < 64; ++i) {
            if ((set >> i) & 1 == 1) other += ((statuses / 16 ** i % 16) ^ uint256(status)) * 16 ** i;
        }
    }

    function _status(uint256 status) private pure returns (Status) {
        return Status(status % STATUSES);
    }
}
