// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title ArbiterOverreach
/// @notice The arbiter tries for more: more than is disputed, a larger fee, a second ruling, a late one, one over a
/// milestone or an agreement that nobody disputed.
///
/// A ruling divides what is open of one disputed milestone, less the agreed fee, before its deadline; the status that it
/// writes is final. Everything else is refused, and a silent arbiter earns nothing.
contract ArbiterOverreach is AttackTest {
    uint256 private constant PERIOD = 30 days;

    Terms private terms;

    /// Three milestones of 1,000; a quarter of the first is under dispute.
    function setUp() public override {
        super.setUp();
        terms = fixedPrice(oneByOne(3, 1000));
        fund(terms, 7);
        submit(terms, 0, 10_000);
        dispute(terms, 0, 2500, client);
    }

    function test_more_than_is_disputed() public {
        // 250 are disputed, of which 12 are the fee.
        refuses(arbiter, _ruling(0, 239), _tooHigh(239, 238), "law 2: more than is disputed");
        refuses(arbiter, _ruling(0, 1000), _tooHigh(1000, 238), "law 2: the whole milestone");
        refuses(arbiter, _ruling(0, type(uint256).max), _tooHigh(type(uint256).max, 238), "law 2: everything there is");
        _rule(0, 238);
        same(token.balanceOf(payee), 988, "law 2: conceded and ruled");
        same(token.balanceOf(arbiter), 12, "law 2: the fee");
        same(token.balanceOf(address(escrow)), 2000, "law 8: the other milestones");
    }

    function test_twice() public {
        _rule(0, 100);
        refuses(arbiter, _ruling(0, 100), _status(0, Status.Split), "law 4: a second ruling");
        vm.warp(BEGIN + PERIOD);
        refuses(stranger, abi.encodeCall(escrow.lapse, (terms, 0)), _status(0, Status.Split), "law 4: a lapse after it");
        same(token.balanceOf(arbiter), 12, "law 2: one fee");
    }

    function test_at_the_last_second_and_too_late() public {
        uint256 snapshot = vm.snapshotState();
        vm.warp(BEGIN + PERIOD - 1);
        _rule(0, 0);
        vm.revertToState(snapshot);
        for (uint256 late = 0; late < 2; ++late) {
            vm.warp(BEGIN + PERIOD + late);
            bytes memory error = abi.encodeWithSelector(
                IMilestoneEscrow.DeadlinePassed.selector, idOf(terms), 0, BEGIN + PERIOD, block.timestamp
            );
            refuses(arbiter, _ruling(0, 0), error, "law 17: a late ruling");
        }
        escrow.lapse(terms, 0);
        same(token.balanceOf(arbiter), 0, "law 2: silence earns nothing");
        same(token.balanceOf(payee), 875, "law 15: the default share");
    }

    function test_what_nobody_disputed() public {
        refuses(arbiter, _ruling(1, 0), _status(1, Status.Active), "law 6: active work");
        submit(terms, 1, 10_000);
        refuses(arbiter, _ruling(1, 0), _status(1, Status.Submitted), "law 6: a submission");
        vm.prank(client);
        escrow.approve(terms, 4, new uint16[](0));
        refuses(arbiter, _ruling(2, 0), _status(2, Status.Approved), "law 6: what is approved");
        refuses(
            arbiter,
            _ruling(3, 0),
            abi.encodeWithSelector(IMilestoneEscrow.MilestoneOutOfRange.selector, idOf(terms), 3, 3),
            "law 6: what is not in the terms"
        );
    }

    /// The same dispute, named with another arbiter or another fee, is another agreement.
    function test_under_terms_of_their_own() public {
        Terms memory own = terms;
        own.arbiter = stranger;
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.AgreementNotFunded.selector, idOf(own));
        refuses(stranger, abi.encodeCall(escrow.rule, (own, 0, 0, 0)), error, "law 18: another arbiter");
        own = terms;
        own.arbiterFeeBps = 1000;
        error = abi.encodeWithSelector(IMilestoneEscrow.AgreementNotFunded.selector, idOf(own));
        refuses(arbiter, abi.encodeCall(escrow.rule, (own, 0, 0, 0)), error, "law 18: another fee");
    }

    function test_by_anybody_else() public {
        address[4] memory others = [client, freelancer, payee, stranger];
        for (uint256 k = 0; k < others.length; ++k) {
            bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.NotArbiter.selector, others[k], arbiter);
            refuses(others[k], _ruling(0, 0), error, "law 7: a ruling by somebody else");
        }
    }

    /// Where nobody was named, nobody rules: not even who calls from the zero address.
    function test_where_there_is_none() public {
        Terms memory none = fixedPrice(1000);
        none.arbiter = address(0);
        fund(none, 1);
        dispute(none, 0, 10_000, freelancer);
        refuses(
            arbiter,
            abi.encodeCall(escrow.rule, (none, 0, 0, 0)),
            abi.encodeWithSelector(IMilestoneEscrow.NotArbiter.selector, arbiter, address(0)),
            "law 7: an arbiter of nothing"
        );
    }

    /// An arbiter who is also the payee rules for themselves: they take what is disputed, and no more.
    function test_in_their_own_favour() public {
        Terms memory own = fixedPrice(oneByOne(2, 1000));
        own.payee = arbiter;
        fund(own, 3);
        submit(own, 0, 10_000);
        dispute(own, 0, 4000, client);
        vm.prank(arbiter);
        escrow.rule(own, 0, 380, 0);
        same(token.balanceOf(arbiter), 600 + 380 + 20, "law 2: what was claimed");
        same(token.balanceOf(address(escrow)), 3250, "law 8: what nobody disputed");
    }

    /// One who cannot take the fee is credited; the parties have theirs.
    function test_who_takes_no_fee() public {
        token.setDenied(arbiter, true);
        _rule(0, 100);
        same(escrow.credits(address(token), arbiter), 12, "law 13: the fee");
        same(token.balanceOf(payee), 850, "law 13: the payee has theirs");
        withdraw(arbiter, address(token), arbiter, stranger);
        same(token.balanceOf(stranger), 12, "law 13: the fee, elsewhere");
    }

    function _rule(uint8 milestone, uint256 toFreelancer) private {
        vm.prank(arbiter);
        escrow.rule(terms, milestone, toFreelancer, 0);
    }

    function _ruling(uint8 milestone, uint256 toFreelancer) private view returns (bytes memory) {
        return abi.encodeCall(escrow.rule, (terms, milestone, toFreelancer, 0));
    }

    function _tooHigh(uint256 asked, uint256 most) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.RulingTooHigh.selector, idOf(terms), 0, asked, most);
    }

    function _status(uint256 milestone, Status status) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), milestone, status);
    }
}
