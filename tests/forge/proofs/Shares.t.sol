// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Packing} from "../../../contracts/libraries/Packing.sol";
import {Milestone, Shares} from "../../../contracts/libraries/Shares.sol";
import {Status} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";

/// @title SharesProof
/// @notice Laws 2 and 10: no value of units and no share is more than what it is of, the parts of a division sum to what
/// was divided, and no division reverts.
/// @dev For every amount of 128 bits, every whole of 15 bits, every claim and dispute within it. Solvers of words have
/// no answer for products and quotients of 256 bits with two unknowns, so the three facts of arithmetic that these
/// proofs use are assumed here where they are used, and facts.smt2 proves them for all integers; they carry over to
/// words because a product of 128 and 16 bits fits into 256, which is there too.
contract SharesProof {
    using Packing for uint256;
    using Shares for Milestone;

    uint256 private constant BPS = 10_000;

    struct Claim {
        uint128 amount;
        uint16 whole;
        uint16 claimed;
        uint16 disputed;
    }

    /// What a client's dispute of `disputed` units makes of a milestone.
    struct Parts {
        uint256 claim;
        uint256 conceded;
        uint256 open;
    }

    function check_claimIsWithinTheAmount(Claim memory c) public view {
        if (!_isValid(c)) return;
        _isWithin(c.amount, c.claimed, c.whole);
        try this.valueOf(_submitted(c), c.claimed) returns (uint256 value) {
            assert(value <= c.amount);
        } catch {
            assert(false);
        }
    }

    function check_wholeIsTheAmount(Claim memory c) public view {
        if (!_isValid(c)) return;
        _isWithin(c.amount, c.whole, c.whole);
        assert(this.valueOf(_submitted(c), c.whole) == c.amount);
    }

    function check_disputeDividesTheAmount(Claim memory c) public view {
        if (!_isValid(c) || c.disputed == 0) return;
        _isWithin(c.amount, c.claimed, c.whole);
        _grows(c.amount, uint256(c.claimed) - c.disputed, c.claimed, c.whole);
        try this.parts(_disputed(c)) returns (Parts memory p) {
            // The rest of the amount is the client's at once, and there is never less than none.
            assert(p.claim <= c.amount);
            assert(p.conceded <= p.claim && p.open <= p.claim);
            assert(p.conceded + p.open + (c.amount - p.claim) == c.amount);
        } catch {
            assert(false);
        }
    }

    function check_shareIsWithinWhatIsShared(uint128 amount, uint16 bps) public view {
        if (bps > BPS) return;
        _isWithin(amount, bps, BPS);
        try this.portion(amount, bps) returns (uint256 share) {
            assert(share <= amount);
        } catch {
            assert(false);
        }
    }

    function valueOf(Milestone memory m, uint256 units) external pure returns (uint256) {
        return m.valueOf(units);
    }

    function portion(uint256 amount, uint256 bps) external pure returns (uint256) {
        return Shares.portion(amount, bps);
    }

    function parts(Milestone memory m) external pure returns (Parts memory p) {
        p.claim = m.valueOf(m.claimed());
        p.conceded = m.conceded();
        p.open = m.open();
    }

    function _isValid(Claim memory c) private pure returns (bool) {
        return c.whole <= 32_767 && c.claimed != 0 && c.claimed <= c.whole && c.disputed <= c.claimed;
    }

    function _submitted(Claim memory c) private pure returns (Milestone memory) {
        return Milestone(Status.Submitted, uint256(0).withClock(0, 1, c.claimed, 0), c.amount, c.whole);
    }

    function _disputed(Claim memory c) private pure returns (Milestone memory) {
        return Milestone(Status.Disputed, uint256(0).withClock(0, 1, c.claimed, c.disputed), c.amount, c.whole);
    }

    // Facts of arithmetic, by the names that they have in facts.smt2

    /// "product grows" and "quotient grows", for shares `a` and `b` of `amount`; and "product fits".
    function _grows(uint256 amount, uint256 a, uint256 b, uint256 whole) private pure {
        unchecked {
            vm.assume(amount == 0 || amount * a / amount == a);
            vm.assume(amount == 0 || amount * b / amount == b);
            vm.assume(a > b || amount * a <= amount * b);
            vm.assume(amount * a > amount * b || amount * a / whole <= amount * b / whole);
        }
    }

    /// The same up to the whole, and "whole of an amount".
    function _isWithin(uint256 amount, uint256 share, uint256 whole) private pure {
        _grows(amount, share, whole, whole);
        unchecked {
            vm.assume(amount * whole / whole == amount);
        }
    }
}
