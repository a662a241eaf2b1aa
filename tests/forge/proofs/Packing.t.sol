// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Packing} from "../../../contracts/libraries/Packing.sol";
import {Status} from "../../../contracts/types/EscrowTypes.sol";

/// @title PackingProof
/// @notice Law 8 in one slot: what is written is read, and nothing beside it changes.
contract PackingProof {
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
        return (clocks.clockOf(i).since, clocks.clockOf(i).claimed, clocks.clockOf(i).disputed);
    }
}
