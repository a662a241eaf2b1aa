// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Packing} from "../../../contracts/libraries/Packing.sol";
import {Status} from "../../../contracts/types/EscrowTypes.sol";

/// @title PackingProof
/// @notice Law 8 in one slot: what is written is read, and nothing beside it changes.
contract PackingProof {
    using Packing for uint64;
    using Packing for uint256;

    /// For every word, index and status.
    function check_statusIsReadAsWritten(uint256 statuses, uint256 i, uint256 status) public pure {
        if (i >= 64 || status > uint256(Status.Split)) return;
        assert(uint256(statuses.withStatus(i, Status(status)).statusOf(i)) == status);
    }

    /// For every word, and every two indexes.
    function check_statusLeavesNeighbours(uint256 statuses, uint256 i, uint256 j, uint256 status) public pure {
        if (i >= 64 || j >= 64 || i == j || status > uint256(Status.Split)) return;
        uint256 written = statuses.withStatus(i, Status(status));
        assert((written >> (4 * j)) & 0xf == (statuses >> (4 * j)) & 0xf);
    }

    /// For every set and index.
    function check_setIsSpread(uint64 set, uint256 i) public pure {
        if (i >= 64) return;
        assert((set.spread() >> (4 * i)) & 0xf == (set >> i) & 1);
    }

    /// For every word, set, status, and index of the set.
    function check_setIsReadAsWritten(uint256 statuses, uint64 set, uint256 i, uint256 status) public pure {
        if (i >= 64 || (set >> i) & 1 == 0 || status > uint256(Status.Split)) return;
        assert(uint256(statuses.withAll(set.spread(), Status(status)).statusOf(i)) == status);
    }

    /// For every word, set, status, and index beside the set.
    function check_setLeavesNeighbours(uint256 statuses, uint64 set, uint256 i, uint256 status) public pure {
        if (i >= 64 || (set >> i) & 1 == 1 || status > uint256(Status.Split)) return;
        uint256 written = statuses.withAll(set.spread(), Status(status));
        assert((written >> (4 * i)) & 0xf == (statuses >> (4 * i)) & 0xf);
    }

    /// For every word, set, status and index: not zero at those of the set that are at another status.
    function check_otherStatusIsFound(uint256 statuses, uint64 set, uint256 i, uint256 status) public pure {
        if (i >= 64 || status > uint256(Status.Split)) return;
        uint256 other = statuses.otherThan(set.spread(), Status(status));
        bool isOther = (set >> i) & 1 == 1 && (statuses >> (4 * i)) & 0xf != status;
        assert(((other >> (4 * i)) & 0xf != 0) == isOther);
    }

    /// For every word, set and status: zero exactly where writing the status to the set would change nothing.
    function check_noOtherStatusIsFound(uint256 statuses, uint64 set, uint256 status) public pure {
        if (status > uint256(Status.Split)) return;
        uint256 ones = set.spread();
        bool isSame = statuses.withAll(ones, Status(status)) == statuses;
        assert((statuses.otherThan(ones, Status(status)) == 0) == isSame);
    }

    /// For every word, index and clock that fits.
    function check_clockIsReadAsWritten(uint256 clocks, uint256 i, uint256 since, uint256 claimed, uint256 disputed)
        public
        pure
    {
        if (i >= 64 || since >= 2 ** 34 || claimed >= 2 ** 15 || disputed >= 2 ** 15) return;
        (uint256 s, uint256 c, uint256 d) = _read(clocks.withClock(i, since, claimed, disputed), i);
        assert(s == since && c == claimed && d == disputed);
    }

    /// For every word, and every two indexes whose clocks share a slot.
    function check_clockLeavesNeighbours(
        uint256 clocks,
        uint256 i,
        uint256 j,
        uint256 since,
        uint256 claimed,
        uint256 disputed
    ) public pure {
        if (i >= 4 || j >= 4 || i == j || since >= 2 ** 34 || claimed >= 2 ** 15 || disputed >= 2 ** 15) return;
        uint256 written = clocks.withClock(i, since, claimed, disputed);
        assert(uint64(written >> (64 * j)) == uint64(clocks >> (64 * j)));
    }

    /// For every clock that is wider than its field.
    function check_wideClockIsRefused(uint256 clocks, uint256 i, uint256 since, uint256 claimed, uint256 disputed)
        public
        view
    {
        if (since < 2 ** 34 && claimed < 2 ** 15 && disputed < 2 ** 15) return;
        try this.write(clocks, i, since, claimed, disputed) {
            assert(false);
        } catch {}
    }

    function write(uint256 clocks, uint256 i, uint256 since, uint256 claimed, uint256 disputed)
        external
        pure
        returns (uint256)
    {
        return clocks.withClock(i, since, claimed, disputed);
    }

    function _read(uint256 clocks, uint256 i) private pure returns (uint256, uint256, uint256) {
        uint256 clock = clocks.clockOf(i);
        return (clock.sinceOf(), clock.claimedOf(), clock.disputedOf());
    }
}
