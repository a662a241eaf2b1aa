// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status} from "../types/EscrowTypes.sol";
import {Packing} from "./Packing.sol";

/// @notice One milestone in hand: what is stored of it beside what its terms say.
struct Milestone {
    Status status;
    /// Packed as {Packing} says; zero where none was started.
    uint256 clock;
    /// Token base units of the whole milestone.
    uint256 amount;
    /// Units that make up the whole.
    uint256 whole;
}

/// @title Shares
/// @notice Divides the amount of a milestone. Values round down and what is left is the client's, or, of what the client
/// concedes in a dispute, stays disputed; so every division sums to what was open.
library Shares {
    using Packing for uint256;

    uint256 private constant BPS = 10_000;

    /// @return Token base units that `units` of the milestone are worth.
    function valueOf(Milestone memory m, uint256 units) internal pure returns (uint256) {
        return m.amount * units / m.whole;
    }

    /// @return `bps` 10,000ths of `amount`.
    function portion(uint256 amount, uint256 bps) internal pure returns (uint256) {
        return amount * bps / BPS;
    }

    /// @return Units the freelancer claims: the whole where no smaller claim was made.
    function claimed(Milestone memory m) internal pure returns (uint256) {
        uint256 units = m.clock.claimedOf();
        return units == 0 ? m.whole : units;
    }

    /// @return Token base units held for a milestone that is open: all of it, or what is disputed of it.
    function open(Milestone memory m) internal pure returns (uint256) {
        return m.clock.disputedOf() == 0 ? m.amount : claimOnOpen(m);
    }

    /// @return Token base units of what is open that the freelancer claims.
    function claimOnOpen(Milestone memory m) internal pure returns (uint256) {
        uint256 units = m.clock.claimedOf();
        return units == 0 ? m.amount : valueOf(m, units) - conceded(m);
    }

    /// @return Token base units that a dispute has already conceded to the freelancer.
    function conceded(Milestone memory m) internal pure returns (uint256) {
        uint256 disputed = m.clock.disputedOf();
        return disputed == 0 ? 0 : valueOf(m, m.clock.claimedOf() - disputed);
    }

    /// @return The final status once what is open has been paid: `toFreelancer` of it to the freelancer, `toOthers`
    /// (the arbiter's fee, if any) to neither, the rest to the client.
    function end(Milestone memory m, uint256 toFreelancer, uint256 toOthers) internal pure returns (Status) {
        uint256 total = conceded(m) + toFreelancer;
        if (total == m.amount) return Status.Paid;
        return total + toOthers == 0 ? Status.Refunded : Status.Split;
    }
}
