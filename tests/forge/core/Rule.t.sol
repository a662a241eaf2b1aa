// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title RuleTest
/// @notice `rule`: what the arbiter divides, the fee, and the end that follows.
contract RuleTest is CoreTest {
    bytes32 private constant REASONING = keccak256("reasoning");

    function testDividesWhatIsDisputedLessTheFee() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        terms.arbiterFeeBps = 777;
        fund(terms, type(uint64).max);
        uint8[4] memory milestones = [0, 3, 4, 63];
        for (uint256 k = 0; k < milestones.length; ++k) {
            submit(terms, milestones[k], 6007);
            dispute(terms, milestones[k], 5003, client);
        }
        uint256 statuses = escrow.statusesOf(idOf(terms));
        for (uint256 k = 0; k < milestones.length; ++k) {
            uint256 amount = terms.amounts[milestones[k]];
            uint256 open = amount * 6007 / WHOLE - amount * 1004 / WHOLE;
            _rule(terms, milestones[k], open, 100_001 + k);
            statuses += 3 * 16 ** milestones[k];
            statusesAre(terms, statuses);
        }
    }

    function testDividesTheCoin() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        fund(terms, 0xf);
        dispute(terms, 3, 10_000, freelancer);
        _rule(terms, 3, terms.amounts[3], 1);
        statusesAre(terms, 0xa222);
    }

    function testDividesMeteredUnits() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 0xf);
        requestRefund(terms, 3);
        dispute(terms, 3, 97, freelancer);
        _rule(terms, 3, uint256(1_000_003) * 97 / 240, 5);
        statusesAre(terms, 0xa222);
    }

    function testUpToWhatTheFeeLeaves() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        dispute(terms, 1, 10_000, freelancer);
        uint256 divisible = terms.amounts[1] - terms.amounts[1] * 500 / WHOLE;
        refused(arbiter, _call(terms, 1, divisible + 1), _tooHigh(terms, 1, divisible + 1, divisible));
        refused(arbiter, _call(terms, 1, type(uint256).max), _tooHigh(terms, 1, type(uint256).max, divisible));
        _rule(terms, 1, terms.amounts[1], divisible);
        // The fee went to neither, so not all went to the freelancer.
        statusesAre(terms, 0xa2);
    }

    function testAllToTheFreelancerEndsAsPaid() public {
        Terms memory terms = fixedPrice(manyAmounts());
        terms.arbiterFeeBps = 0;
        fund(terms, 0x3f);
        // All of the milestone is theirs, at once or with what the client conceded before.
        dispute(terms, 0, 10_000, freelancer);
        _rule(terms, 0, terms.amounts[0], terms.amounts[0]);
        submit(terms, 1, 10_000);
        dispute(terms, 1, 333, client);
        uint256 open = terms.amounts[1] - terms.amounts[1] * 9667 / WHOLE;
        _rule(terms, 1, open, open);
        // Not all of the milestone: less by one base unit, by less of a claim, by what was given up.
        dispute(terms, 2, 10_000, freelancer);
        _rule(terms, 2, terms.amounts[2], terms.amounts[2] - 1);
        submit(terms, 3, 9999);
        dispute(terms, 3, 9999, client);
        open = terms.amounts[3] * 9999 / WHOLE;
        _rule(terms, 3, open, open);
        statusesAre(terms, 0x22aa88);
    }

    function testAllToTheClientEndsAsRefunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        terms.arbiterFeeBps = 0;
        fund(terms, 0xf);
        dispute(terms, 0, 10_000, freelancer);
        _rule(terms, 0, terms.amounts[0], 0);
        dispute(terms, 1, 10_000, freelancer);
        _rule(terms, 1, terms.amounts[1], 1);
        // What the client conceded before is the freelancer's.
        submit(terms, 2, 10_000);
        dispute(terms, 2, 9999, client);
        _rule(terms, 2, terms.amounts[2] - terms.amounts[2] / WHOLE, 0);
        statusesAre(terms, 0x2aa9);
    }

    function testAFeeOfOneUnitDividesTheEnd() public {
        // The fee alone left: neither all to the client nor to the freelancer.
        Terms memory terms = fixedPrice(uint256(10_009));
        terms.arbiterFeeBps = 1;
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
        _rule(terms, 0, 10_009, 0);
        statusesAre(terms, uint256(Status.Split));
    }

    function testAFeeThatRoundsToNothingIsNone() public {
        Terms memory terms = fixedPrice(uint256(9999));
        terms.arbiterFeeBps = 1;
        token.setDenied(arbiter, true);
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
        _rule(terms, 0, 9999, 0);
        statusesAre(terms, uint256(Status.Refunded));
    }

    function testInTime() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        dispute(terms, 1, 10_000, freelancer);
        dispute(terms, 2, 10_000, freelancer);
        uint256 deadline = BEGIN + 30 days;
        vm.warp(deadline);
        refused(arbiter, _call(terms, 1, type(uint256).max), passed(terms, 1, deadline));
        vm.warp(deadline + 1);
        refused(arbiter, _call(terms, 2, 0), passed(terms, 2, deadline));
        vm.warp(deadline - 1);
        _rule(terms, 1, terms.amounts[1], 7);
        statusesAre(terms, 0x27a2);
    }

    function testOnlyTheArbiterRules() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
        address[6] memory others = [client, freelancer, payee, stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            refused(
                others[k],
                _call(terms, 64, 0),
                abi.encodeWithSelector(IMilestoneEscrow.NotArbiter.selector, others[k], arbiter)
            );
        }
    }

    function testNothingIsRuledOnBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _call(terms, 0, 0));
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(arbiter, _call(terms, 12, 0), outOfRange(terms, 12, 12));
    }

    function testOnlyADisputeIsRuledOn() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x7, terms, arbiter, _ruleNothing);
    }

    function _rule(Terms memory terms, uint8 i, uint256 open, uint256 toFreelancer) private {
        uint256 fee = open * terms.arbiterFeeBps / WHOLE;
        uint256 toClient = open - fee - toFreelancer;
        begin(terms);
        vm.prank(arbiter);
        escrow.rule(terms, i, toFreelancer, REASONING);
        emit IMilestoneEscrow.MilestoneRuled(idOf(terms), i, toFreelancer, toClient, fee, REASONING);
        eventsAre();
        paid(terms, toClient, toFreelancer, fee);
    }

    function _call(Terms memory terms, uint8 i, uint256 toFreelancer) private view returns (bytes memory) {
        return abi.encodeCall(escrow.rule, (terms, i, toFreelancer, REASONING));
    }

    function _ruleNothing(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _call(terms, i, 0);
    }

    function _tooHigh(Terms memory terms, uint256 i, uint256 given, uint256 max) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.RulingTooHigh.selector, idOf(terms), i, given, max);
    }
}
