// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Approval, Division, MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title UnsaidApproval
/// @notice The client has signed an approval, of the whole or of a part, and wants it back: by a dispute, a refund
/// request, a request for changes, a settlement or an amendment of their own, an approval of another number by a
/// transaction, or by time. The client hopes that the signed one covers nothing any more when it is carried.
///
/// Whatever the client does, and in whatever order, the milestone ends with what the approval names, or with what is
/// claimed where it covers that, or with more by the client's own word. Only an end that came before it is carried is
/// final: a refund request that the freelancer leaves unanswered, a ruling, a settlement.
contract UnsaidApproval is ConsentTest {
    /// What the client can try: one call each, and an hour of waiting.
    uint256 private constant TRIES = 19;
    /// Sets of statuses that the client reaches.
    uint256 private constant ACTIVE = 1 << uint8(Status.Active);
    uint256 private constant SUBMITTED = 1 << uint8(Status.Submitted);
    uint256 private constant APPROVED = 1 << uint8(Status.Approved);
    uint256 private constant PARTLY_APPROVED = 1 << uint8(Status.PartlyApproved);
    uint256 private constant REFUND_REQUESTED = 1 << uint8(Status.RefundRequested);
    uint256 private constant DISPUTED = 1 << uint8(Status.Disputed);
    uint256 private constant PAID = 1 << uint8(Status.Paid);
    uint256 private constant SPLIT = 1 << uint8(Status.Split);

    Approval private _approval;
    Terms private _terms;
    uint16 private _whole;
    /// What the payee must end with at least, in units.
    uint16 private _promised;
    uint256 private _before;

    // Every way

    function test_every_way_out_of_an_approval_of_the_whole() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), new uint16[](0), uint16(WHOLE));
        _reaches(ACTIVE | REFUND_REQUESTED | APPROVED | PAID);
    }

    function test_every_way_out_of_an_approval_of_a_part() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        _reaches(ACTIVE | REFUND_REQUESTED | APPROVED | PAID);
    }

    function test_every_way_out_of_an_approval_of_a_claim() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        submit(_terms, 0, 6000);
        _reaches(ACTIVE | SUBMITTED | REFUND_REQUESTED | DISPUTED | APPROVED | PARTLY_APPROVED | PAID | SPLIT);
    }

    function test_every_way_out_of_an_approval_of_more_than_the_claim() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), new uint16[](0), 6000);
        submit(_terms, 0, 6000);
        _reaches(ACTIVE | SUBMITTED | REFUND_REQUESTED | DISPUTED | APPROVED | PARTLY_APPROVED | PAID | SPLIT);
    }

    function test_every_way_out_of_an_approval_of_a_week() public {
        _deal(metered(AMOUNT, 240), 240, only(240), 240);
        _reaches(ACTIVE | REFUND_REQUESTED | PAID);
    }

    function test_every_way_out_of_an_approval_of_hours() public {
        _deal(metered(AMOUNT, 240), 240, only(144), 144);
        _reaches(ACTIVE | REFUND_REQUESTED);
    }

    function test_every_way_out_of_an_approval_of_claimed_hours() public {
        Terms memory terms = metered(AMOUNT, 240);
        terms.start -= 7 days;
        _deal(terms, 240, only(144), 144);
        submit(_terms, 0, 144);
        _reaches(ACTIVE | SUBMITTED | REFUND_REQUESTED | DISPUTED | PARTLY_APPROVED | SPLIT);
    }

    function test_every_way_out_of_an_approval_under_dispute() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        dispute(_terms, 0, 6000, freelancer);
        _reaches(DISPUTED | PARTLY_APPROVED | SPLIT);
    }

    // Each way, and what it is answered

    function test_by_a_dispute_of_what_is_not_submitted() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        uint16[3] memory units = [uint16(1), 6000, 10_000];
        for (uint256 k = 0; k < 3; ++k) {
            _answers(
                abi.encodeCall(escrow.dispute, (_terms, 0, units[k], 0)), wrongStatus(idOf(_terms), 0, Status.Active)
            );
        }
        vm.prank(client);
        escrow.requestRefund(_terms, 0, 0);
        _answers(
            abi.encodeCall(escrow.dispute, (_terms, 0, 10_000, 0)), wrongStatus(idOf(_terms), 0, Status.RefundRequested)
        );
        _carried(600);
    }

    /// A dispute of all that is claimed, or of one unit: the approval concedes it again.
    function test_by_a_dispute_of_the_claim() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        submit(_terms, 0, 6000);
        uint256 state = vm.snapshotState();
        uint16[4] memory units = [uint16(1), 9, 5999, 6000];
        for (uint256 k = 0; k < 4; ++k) {
            dispute(_terms, 0, units[k], client);
            _carried(600);
            vm.revertToState(state);
        }
    }

    function test_by_a_request_for_changes() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        submit(_terms, 0, 6000);
        vm.prank(client);
        escrow.requestChanges(_terms, 0, 0);
        _answers(abi.encodeCall(escrow.dispute, (_terms, 0, 10_000, 0)), wrongStatus(idOf(_terms), 0, Status.Active));
        _carried(600);
    }

    /// Changes, a refund request and whatever else fits in one batch.
    function test_by_a_batch() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        submit(_terms, 0, 6000);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.requestChanges, (_terms, 0, 0));
        calls[1] = abi.encodeCall(escrow.dispute, (_terms, 0, 10_000, 0));
        _answers(abi.encodeCall(escrow.multicall, (calls)), wrongStatus(idOf(_terms), 0, Status.Active));
        calls[1] = abi.encodeCall(escrow.requestRefund, (_terms, 0, 0));
        vm.prank(client);
        escrow.multicall(calls);
        _carried(600);
    }

    /// A smaller number by a transaction covers neither the claim nor, unsubmitted, the whole.
    function test_by_an_approval_of_less() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        _answers(abi.encodeCall(escrow.approve, (_terms, 1, only(5999))), belowClaim(_terms, 0, 5999, 10_000));
        Approval[] memory less = only(Approval(1, only(5999), ""));
        bytes memory data = abi.encodeCall(escrow.release, (_terms, 1, less));
        _answers(data, notFreelancer(client, _terms));
        submit(_terms, 0, 6000);
        _answers(abi.encodeCall(escrow.approve, (_terms, 1, only(5999))), belowClaim(_terms, 0, 5999, 6000));
        _answers(data, belowClaim(_terms, 0, 5999, 6000));
        _carried(600);
    }

    /// Carrying their own signed approval of a part would end the milestone for less than the freelancer may be owed.
    function test_by_carrying_it_themselves() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        _answers(abi.encodeCall(escrow.release, (_terms, 1, only(_approval))), notFreelancer(client, _terms));
        address[3] memory others = [stranger, payee, arbiter];
        for (uint256 k = 0; k < 3; ++k) {
            refuses(
                others[k],
                abi.encodeCall(escrow.release, (_terms, 1, only(_approval))),
                notFreelancer(others[k], _terms),
                "law 12: in other hands"
            );
        }
        _carried(600);
    }

    function test_by_a_settlement_or_an_amendment_without_the_freelancer() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        Terms memory terms = _terms;
        Division memory all = Division(0, 0, AMOUNT);
        bytes32 digest = settlementDigest(terms, all, EXPIRES);
        _answers(
            abi.encodeCall(escrow.settle, (terms, all, EXPIRES, sign(CLIENT_KEY, digest))),
            signatureInvalid(freelancer, digest)
        );
        Terms memory replacement = replacementOf(terms);
        Amendment memory amendment = amendmentWith("");
        amendment.divisions[0] = all;
        digest = amendmentDigest(terms, replacement, amendment);
        amendment.signature = sign(CLIENT_KEY, digest);
        _answers(abi.encodeCall(escrow.amend, (terms, replacement, amendment)), signatureInvalid(freelancer, digest));
        _carried(600);
    }

    /// A later, smaller approval does not take the place of the earlier: the freelancer carries which they like.
    function test_by_signing_another() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        Approval memory less = signApproval(CLIENT_KEY, _terms, 1, only(1000));
        refuses(
            stranger,
            abi.encodeCall(escrow.release, (_terms, 1, only(less))),
            notFreelancer(stranger, _terms),
            "law 12: a smaller approval by a friend of the client"
        );
        submit(_terms, 0, 6000);
        refuses(
            stranger,
            abi.encodeCall(escrow.release, (_terms, 1, only(less))),
            belowClaim(_terms, 0, 1000, 6000),
            "law 12: a smaller approval by a friend of the client"
        );
        _carried(600);
    }

    /// A late client gains nothing: the claim is due without an approval, and with any.
    function test_by_letting_the_review_pass() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        submit(_terms, 0, 6000);
        vm.warp(BEGIN + _terms.reviewPeriod);
        bytes memory late = abi.encodeWithSelector(
            IMilestoneEscrow.DeadlinePassed.selector, idOf(_terms), 0, block.timestamp, block.timestamp
        );
        _answers(abi.encodeCall(escrow.requestChanges, (_terms, 0, 0)), late);
        _answers(abi.encodeCall(escrow.dispute, (_terms, 0, 6000, 0)), late);
        uint256 state = vm.snapshotState();
        _carried(600);
        vm.revertToState(state);
        escrow.release(_terms, 1, noApprovals());
        _ends(600);
    }

    /// In the middle of a metered period nothing can be claimed yet: the approval pays all the same.
    function test_by_ending_a_week_early() public {
        _deal(metered(AMOUNT, 240), 240, only(144), 144);
        vm.prank(client);
        escrow.requestRefund(_terms, 0, 0);
        _answers(
            abi.encodeCall(escrow.approve, (_terms, 1, only(10))), wrongStatus(idOf(_terms), 0, Status.RefundRequested)
        );
        _carried(600);
    }

    // What an approval does not outlive

    /// A refund request that nobody answers: late, the approval still counts, until somebody carries the refund.
    function test_an_unanswered_refund_request() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        vm.prank(client);
        escrow.requestRefund(_terms, 0, 0);
        vm.warp(BEGIN + _terms.responsePeriod - 1);
        _answers(
            abi.encodeCall(escrow.refund, (_terms, 1)),
            abi.encodeWithSelector(
                IMilestoneEscrow.DeadlineNotReached.selector,
                idOf(_terms),
                0,
                BEGIN + _terms.responsePeriod,
                block.timestamp
            )
        );
        vm.warp(BEGIN + _terms.responsePeriod);
        uint256 state = vm.snapshotState();
        _carried(600);
        vm.revertToState(state);
        vm.prank(stranger);
        escrow.refund(_terms, 1);
        _isOver(Status.Refunded);
        _ends(0);
    }

    /// A ruling ends a dispute whatever was approved; until then the approval concedes it.
    function test_a_ruling() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(6000), 6000);
        submit(_terms, 0, 6000);
        dispute(_terms, 0, 5000, client);
        uint256 state = vm.snapshotState();
        vm.warp(BEGIN + _terms.rulingPeriod);
        _carried(600);
        vm.warp(BEGIN);
        vm.revertToState(state);
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 0, 0);
        _isOver(Status.Split);
        // One tenth was conceded by the dispute; of the half that was disputed the arbiter has a twentieth.
        _ends(100);
        same(token.balanceOf(arbiter), 25, "law 2: the fee");
    }

    /// What both sign later is their common word.
    function test_a_settlement_by_both() public {
        _deal(fixedPrice(AMOUNT), uint16(WHOLE), only(7000), 7000);
        succeeds(Kind.SettleByClient, _terms, signatureOf(Kind.SettleByClient, _terms), "law 11");
        _isOver(Status.Split);
        _ends(600);
    }

    // Helpers

    /// A deal of one funded milestone, of which the client has signed an approval.
    function _deal(Terms memory terms, uint16 whole, uint16[] memory units, uint16 promised) private {
        _terms = terms;
        _before = token.balanceOf(terms.payee);
        fund(terms, 1);
        _approval = signApproval(CLIENT_KEY, terms, 1, units);
        (_whole, _promised) = (whole, promised);
    }

    /// Every sequence of three tries keeps the promise, and together they lead to these statuses.
    function _reaches(uint256 statuses) private {
        same(_walk(3), statuses, "law 6: the statuses that the client can reach");
    }

    /// Tries every sequence of `depth` tries of the client, and after each of them carries the approval. A try that is
    /// refused changes nothing, so it is followed by none. Returns the statuses on the way.
    function _walk(uint256 depth) private returns (uint256 seen) {
        _checkPromise();
        seen = 1 << uint8(statusOf(_terms, 0));
        if (depth == 0) return seen;
        for (uint256 k = 0; k < TRIES; ++k) {
            uint256 timestamp = block.timestamp;
            uint256 state = vm.snapshotState();
            if (_try(k)) seen |= _walk(depth - 1);
            vm.warp(timestamp);
            vm.revertToState(state);
        }
    }

    function _checkPromise() private {
        MilestoneView memory v = escrow.milestoneAt(_terms, 0, uint40(block.timestamp));
        uint256 units = v.clock.claimed == 0 ? _whole : v.clock.claimed;
        if (uint8(v.status) < uint8(Status.Paid)) {
            // Where nothing is claimed, the approval becomes the claim.
            if (v.status == Status.Active || v.status == Status.RefundRequested) {
                units = _approval.units.length == 0 ? _whole : _approval.units[0];
            }
            holds(units >= _promised, "law 12: the claim has shrunk");
            uint256 state = vm.snapshotState();
            _carried(AMOUNT * units / _whole);
            vm.revertToState(state);
        } else {
            uint256 received = token.balanceOf(payee) - _before;
            holds(received >= AMOUNT * _promised / _whole, "law 12: ended for less by the client alone");
            same(booksOf(_terms).escrow, 0, "law 3: it has ended");
        }
    }

    function _try(uint256 k) private returns (bool success) {
        if (k == 0) {
            vm.warp(block.timestamp + 1 hours);
            return true;
        }
        bytes memory data = _tryData(k);
        vm.prank(client);
        (success,) = address(escrow).call(data);
    }

    function _tryData(uint256 k) private view returns (bytes memory) {
        Terms memory terms = _terms;
        if (k == 1) return abi.encodeCall(escrow.requestRefund, (terms, 0, 0));
        if (k == 2) return abi.encodeCall(escrow.requestChanges, (terms, 0, 0));
        if (k == 3) return abi.encodeCall(escrow.dispute, (terms, 0, 1, 0));
        if (k == 4) return abi.encodeCall(escrow.dispute, (terms, 0, _promised / 2, 0));
        if (k == 5) return abi.encodeCall(escrow.dispute, (terms, 0, _promised, 0));
        if (k == 6) return abi.encodeCall(escrow.dispute, (terms, 0, _whole, 0));
        if (k == 7) return abi.encodeCall(escrow.approve, (terms, 1, new uint16[](0)));
        if (k == 8) return abi.encodeCall(escrow.approve, (terms, 1, only(_promised - 1)));
        if (k == 9) return abi.encodeCall(escrow.approve, (terms, 1, only(_promised)));
        if (k == 10) return abi.encodeCall(escrow.release, (terms, 1, only(Approval(1, only(1), ""))));
        if (k == 11) return abi.encodeCall(escrow.release, (terms, 1, only(Approval(1, only(_promised - 1), ""))));
        if (k == 12) return abi.encodeCall(escrow.release, (terms, 1, only(Approval(1, only(_promised), ""))));
        if (k == 13) return abi.encodeCall(escrow.release, (terms, 1, noApprovals()));
        if (k == 14) return abi.encodeCall(escrow.refund, (terms, 1));
        if (k == 15) return abi.encodeCall(escrow.fund, (terms, 1, ""));
        if (k == 16) return abi.encodeCall(escrow.lapse, (terms, 0));
        if (k == 17) return abi.encodeCall(escrow.rule, (terms, 0, 0, 0));
        return callOf(Kind.AmendByClient, terms, sign(CLIENT_KEY, digestOf(Kind.AmendByClient, terms)));
    }

    /// The client's call is refused with `error` and moves nothing.
    function _answers(bytes memory data, bytes memory error) private {
        Books memory books = booksOf(_terms);
        refuses(client, data, error, "law 12: a way out");
        sameBooks(booksOf(_terms), books, "law 12: nothing moved");
    }

    /// The freelancer carries the approval, and the milestone ends with `received` to the payee, all in all.
    function _carried(uint256 received) private {
        Approval[] memory approvals = only(_approval);
        vm.prank(freelancer);
        escrow.release(_terms, 1, approvals);
        _ends(received);
    }

    function _ends(uint256 received) private view {
        same(token.balanceOf(payee) - _before, received, "law 12: what the payee ends with");
        same(booksOf(_terms).escrow, 0, "law 3: nothing is left");
        same(uint8(statusOf(_terms, 0)), uint8(_endStatus(received)), "law 5");
    }

    function _endStatus(uint256 received) private view returns (Status) {
        if (received == AMOUNT) return Status.Paid;
        return received + token.balanceOf(arbiter) == 0 ? Status.Refunded : Status.Split;
    }

    function _isOver(Status end) private {
        refuses(
            freelancer,
            abi.encodeCall(escrow.release, (_terms, 1, only(_approval))),
            wrongStatus(idOf(_terms), 0, end),
            "law 4: an approval after the end"
        );
    }
}
