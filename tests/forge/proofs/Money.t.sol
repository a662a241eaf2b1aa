// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ProofTest} from "./ProofTest.sol";

/// @title MoneyProof
/// @notice Laws 3 and 5: what leaves in one act, and what stays open after it, is to the unit what was open; and a final
/// status says who got what.
/// @dev One milestone in the coin, of any amount up to the type's end, and any claim. Balances are compared, not returned
/// figures. The solver has no answer for products of two unknowns in a ruling of part of a claim or a lapse; those
/// divisions are left to the invariants.
contract MoneyProof is ProofTest {
    struct Deal {
        uint128 amount;
        uint16 claimed;
        uint16 disputed;
        uint16 feeBps;
        uint16 defaultBps;
    }

    uint256 private constant SINCE = 1_800_000_000;

    Terms private terms;
    bytes32 private agreement;

    function check_disputeKeepsWhatItNames(Deal memory d, uint16 units, bool byClient) public {
        d.disputed = 0;
        if (!_begin(d, Status.Submitted)) return;
        // As in {_begin}; more than a clock holds is more than any claim.
        if (units < 2 ** 15) units &= 0x7fff;
        address by = byClient ? CLIENT : FREELANCER;
        if (!_call(by, SINCE, abi.encodeCall(IMilestoneEscrow.dispute, (terms, 0, units, 0)))) return;
        assert(PAYEE.balance + CLIENT.balance + _open() == d.amount);
        assert(units <= d.claimed || d.claimed == 0);
    }

    /// Whatever the clock says.
    function check_approvedIsTheFreelancers(Deal memory d) public {
        d.disputed = 0;
        if (!_begin(d, Status.Approved)) return;
        Approval[] memory none = new Approval[](0);
        if (!_call(PAYEE, SINCE, abi.encodeCall(IMilestoneEscrow.release, (terms, 1, none)))) return;
        assert(PAYEE.balance == d.amount && CLIENT.balance == 0);
        assert(escrow.statusesOf(agreement) == uint256(Status.Paid));
    }

    function check_releasePaysTheWholeAmount(Deal memory d) public {
        d.disputed = 0;
        if (!_begin(d, Status.PartlyApproved)) return;
        Approval[] memory none = new Approval[](0);
        if (!_call(PAYEE, SINCE, abi.encodeCall(IMilestoneEscrow.release, (terms, 1, none)))) return;
        assert(PAYEE.balance + CLIENT.balance == d.amount);
        assert(escrow.statusesOf(agreement) >= uint256(Status.Paid));
    }

    /// The final status says who got what, whatever the ruling was.
    function check_endsAreTrue(Deal memory d, uint256 toFreelancer) public {
        d.disputed = d.claimed;
        if (!_begin(d, Status.Disputed)) return;
        if (!_call(ARBITER, SINCE, abi.encodeCall(IMilestoneEscrow.rule, (terms, 0, toFreelancer, 0)))) return;
        uint256 status = escrow.statusesOf(agreement);
        assert((status == uint256(Status.Paid)) == (PAYEE.balance == d.amount));
        if (status == uint256(Status.Refunded)) assert(PAYEE.balance == 0 && ARBITER.balance == 0);
    }

    /// Units are cut to what a clock holds, so that the solver sees a number in a clock as it sees one beside it.
    function _begin(Deal memory d, Status status) private returns (bool) {
        (d.claimed, d.disputed) = (d.claimed & 0x7fff, d.disputed & 0x7fff);
        if (d.amount == 0 || d.claimed > 10_000 || d.disputed > d.claimed) return false;
        if (d.feeBps > 1_000 || d.defaultBps > 10_000) return false;
        if ((status == Status.Disputed) != (d.disputed != 0)) return false;
        terms = _terms();
        terms.amounts = new uint256[](1);
        terms.amounts[0] = d.amount;
        terms.arbiterFeeBps = d.feeBps;
        terms.defaultBps = d.defaultBps;
        agreement = escrow.agreementId(terms);
        escrow.put(agreement, uint256(status));
        escrow.putClock(agreement, 0, SINCE, d.claimed, d.disputed);
        // The most that Halmos lets an account hold, so that no payout fails for want of it.
        vm.deal(address(escrow), 2 ** 128);
        return true;
    }

    function _open() private view returns (uint256) {
        return escrow.milestoneAt(terms, 0, uint40(SINCE)).open;
    }
}
