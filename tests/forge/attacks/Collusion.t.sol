// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title Collusion
/// @notice Two of the three work against the third, and hope for more than the third has put at stake.
///
/// Client and arbiter take what is claimed and disputed in time, and nothing of what is approved, conceded or late.
/// Freelancer and arbiter take what is funded and may be claimed, and nothing beyond a claim once it is made; a week
/// that is not over only where the client asks for it back. Client and freelancer owe the arbiter a fee only for a
/// ruling. The arbiter's own part is never more than the fee of what is disputed.
/// @dev Every sequence of three moves of the two is tried while the third is silent. What the third ends with at least
/// is the bound, and some sequence reaches it.
contract Collusion is ConsentTest {
    enum Pair {
        ClientAndArbiter,
        FreelancerAndArbiter,
        ClientAndFreelancer
    }

    /// Where the milestone of 1,000 stands when the two begin.
    enum Stand {
        Offered,
        Active,
        /// Six tenths are claimed.
        Submitted,
        SubmittedAndLate,
        RefundRequested,
        RefundRequestedAndLate,
        /// The freelancer disputes four tenths of the whole, and has given up the rest.
        DisputedByFreelancer,
        /// Six tenths are claimed, of which the client disputes a quarter of the whole.
        DisputedByClient,
        DisputedAndLate,
        Approved,
        /// A week that is not over.
        Week
    }

    /// What each ends with, in the worst of all sequences; for the arbiter in the best.
    struct Extremes {
        uint256 leastOfPayee;
        uint256 leastOfClient;
        uint256 mostOfArbiter;
    }

    uint256 private constant MOVES = 21;
    /// Every period of the terms: one wait makes whoever is awaited late.
    uint32 private constant PERIOD = 7 days;
    /// What the escrow holds for another agreement of the same three.
    uint256 private constant BESIDE = 5000;

    Terms private _terms;
    uint16 private _whole;
    uint256 private _clientBefore;

    // Every sequence

    function test_client_and_arbiter() public {
        _freelancerKeeps(Stand.Offered, 0, 0);
        _freelancerKeeps(Stand.Active, 0, 0);
        _freelancerKeeps(Stand.Submitted, 0, 30);
        _freelancerKeeps(Stand.SubmittedAndLate, 600, 0);
        _freelancerKeeps(Stand.RefundRequested, 0, 0);
        _freelancerKeeps(Stand.RefundRequestedAndLate, 0, 0);
        _freelancerKeeps(Stand.DisputedByFreelancer, 0, 20);
        _freelancerKeeps(Stand.DisputedByClient, 350, 12);
        _freelancerKeeps(Stand.DisputedAndLate, 200, 0);
        _freelancerKeeps(Stand.Approved, 1000, 0);
        _freelancerKeeps(Stand.Week, 0, 0);
    }

    function test_freelancer_and_arbiter() public {
        _clientKeeps(Stand.Offered, 0, 50);
        _clientKeeps(Stand.Active, 0, 50);
        _clientKeeps(Stand.Submitted, 400, 30);
        _clientKeeps(Stand.SubmittedAndLate, 400, 0);
        _clientKeeps(Stand.RefundRequested, 0, 50);
        _clientKeeps(Stand.RefundRequestedAndLate, 1000, 0);
        _clientKeeps(Stand.DisputedByFreelancer, 600, 20);
        _clientKeeps(Stand.DisputedByClient, 400, 12);
        _clientKeeps(Stand.DisputedAndLate, 800, 0);
        _clientKeeps(Stand.Approved, 0, 0);
        _clientKeeps(Stand.Week, 1000, 0);
    }

    /// No fee without a ruling, whatever the two do; the arbiter has nothing else to lose.
    function test_client_and_freelancer() public {
        for (uint256 k = 0; k <= uint256(type(Stand).max); ++k) {
            Extremes memory e = _search(Pair.ClientAndFreelancer, Stand(k));
            same(e.mostOfArbiter, 0, "law 2: no ruling, no fee");
            holds(e.leastOfPayee != type(uint256).max, "law 16: the two alone end it");
        }
    }

    // Ways worth a look

    /// Beside the milestone that the client disputes, the others are beyond the two: approved, late, not claimed.
    function test_client_and_arbiter_take_no_other_milestone() public {
        Terms memory terms = fixedPrice(oneByOne(4, 1000));
        fund(terms, 15);
        for (uint8 i = 0; i < 3; ++i) {
            submit(terms, i, 10_000);
        }
        vm.prank(client);
        escrow.approve(terms, 1, new uint16[](0));
        dispute(terms, 1, 10_000, client);
        vm.prank(arbiter);
        escrow.rule(terms, 1, 0, 0);
        vm.warp(BEGIN + terms.reviewPeriod);
        bytes memory late = abi.encodeWithSelector(
            IMilestoneEscrow.DeadlinePassed.selector, idOf(terms), 2, block.timestamp, block.timestamp
        );
        _clientCannotDispute(terms, 2, late, "law 17: what is late");
        _clientCannotDispute(terms, 0, wrongStatus(idOf(terms), 0, Status.Approved), "law 12: what is approved");
        _clientCannotDispute(terms, 3, wrongStatus(idOf(terms), 3, Status.Active), "law 6: what is not claimed");
        Books memory books = booksOf(terms);
        escrow.release(terms, 5, noApprovals());
        paid(books, 2000, 0, 0);
        sameBooks(booksOf(terms), books, "law 2: all but what was disputed");
        same(books.arbiter, 50, "law 2: the fee of one ruling");
    }

    /// Who holds a signed approval and has submitted nothing gives the two nothing to dispute: at every step of theirs
    /// the approval pays the whole.
    function test_client_and_arbiter_against_an_approval_of_unsubmitted_work() public {
        _stand(Stand.Active);
        _carriesAtEveryStep(3, only(signApproval(CLIENT_KEY, _terms, 1, new uint16[](0))));
    }

    /// Who has submitted is faster with the approval, or loses what is disputed to the ruling.
    function test_client_and_arbiter_against_an_approval_of_a_claim() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        Approval[] memory approvals = only(signApproval(CLIENT_KEY, terms, 1, new uint16[](0)));
        _ofUnsubmittedWork(terms, approvals);
        submit(terms, 0, 10_000);
        _beforeTheDispute(terms, approvals);
        dispute(terms, 0, 10_000, client);
        bytes memory ruling = abi.encodeCall(escrow.rule, (terms, 0, 0, 0));
        bytes memory carried = abi.encodeCall(escrow.release, (terms, 1, approvals));
        Books memory books = booksOf(terms);
        uint256 state = vm.snapshotState();
        _send(freelancer, carried);
        refuses(arbiter, ruling, wrongStatus(idOf(terms), 0, Status.Paid), "law 12: a ruling after the approval");
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(terms), books, "law 12: what was approved");
        vm.revertToState(state);
        books = booksOf(terms);
        _send(arbiter, ruling);
        refuses(freelancer, carried, wrongStatus(idOf(terms), 0, Status.Split), "law 4: an approval after the ruling");
        paid(books, 0, 950, 50);
        sameBooks(booksOf(terms), books, "law 4: what was ruled");
        same(block.timestamp, BEGIN, "law 4: all in one block");
    }

    /// An approval of the whole sent as a transaction leaves the two nothing, in whatever status it finds the claim.
    function test_client_and_arbiter_against_an_approval_by_a_transaction() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 3; ++k) {
            if (k > 0) submit(terms, 0, 10_000);
            if (k > 1) dispute(terms, 0, 10_000, client);
            vm.prank(client);
            escrow.approve(terms, 1, new uint16[](0));
            bytes memory approved = wrongStatus(idOf(terms), 0, Status.Approved);
            _clientCannotDispute(terms, 0, approved, "law 12: a dispute");
            refuses(client, abi.encodeCall(escrow.requestRefund, (terms, 0, 0)), approved, "law 12: a refund request");
            refuses(client, abi.encodeCall(escrow.requestChanges, (terms, 0, 0)), approved, "law 12: changes");
            refuses(arbiter, abi.encodeCall(escrow.rule, (terms, 0, 0, 0)), approved, "law 12: a ruling");
            Books memory books = booksOf(terms);
            _send(stranger, abi.encodeCall(escrow.release, (terms, 1, noApprovals())));
            paid(books, 1000, 0, 0);
            sameBooks(booksOf(terms), books, "law 12: what was approved");
            vm.revertToState(state);
        }
    }

    /// Weeks come within reach as they end, one by one.
    function test_freelancer_and_arbiter_take_the_weeks_that_are_over() public {
        Terms memory weeks_ = metered(1000, 10);
        fund(weeks_, 15);
        Books memory books = booksOf(weeks_);
        vm.warp(BEGIN + 7 days);
        dispute(weeks_, 0, 10, freelancer);
        vm.prank(arbiter);
        escrow.rule(weeks_, 0, 950, 0);
        paid(books, 950, 0, 50);
        for (uint8 i = 1; i < 4; ++i) {
            bytes memory error = abi.encodeWithSelector(
                IMilestoneEscrow.PeriodNotOver.selector,
                idOf(weeks_),
                i,
                BEGIN + (uint256(i) + 1) * 7 days,
                BEGIN + 7 days
            );
            refuses(freelancer, abi.encodeCall(escrow.dispute, (weeks_, i, 10, 0)), error, "law 6: a week ahead");
            refuses(freelancer, abi.encodeCall(escrow.submit, (weeks_, i, 10, 0)), error, "law 6: a week ahead");
        }
        sameBooks(booksOf(weeks_), books, "law 2: one week");
    }

    /// A week that the client asks back is open at once: the two, if they are awake, take it. What is funded ahead is
    /// at stake from both sides, and the way to stake less is to fund less ahead.
    function test_freelancer_and_arbiter_take_a_week_that_is_asked_back() public {
        Terms memory weeks_ = metered(1000, 10);
        fund(weeks_, 15);
        Books memory books = booksOf(weeks_);
        vm.prank(client);
        escrow.requestRefund(weeks_, 3, 0);
        uint256 state = vm.snapshotState();
        dispute(weeks_, 3, 10, freelancer);
        vm.prank(arbiter);
        escrow.rule(weeks_, 3, 950, 0);
        paid(books, 950, 0, 50);
        sameBooks(booksOf(weeks_), books, "law 2: that week");
        vm.revertToState(state);

        // Asleep they lose it.
        books = booksOf(weeks_);
        vm.warp(BEGIN + weeks_.responsePeriod);
        escrow.refund(weeks_, 8);
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(weeks_), books, "law 16: the client alone");
    }

    /// The parties settle what is disputed: the arbiter's time is not paid, and never was promised to be.
    function test_client_and_freelancer_settle_around_the_arbiter() public {
        Terms memory terms = fixedPrice(1000);
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
        succeeds(Kind.SettleByClient, terms, signatureOf(Kind.SettleByClient, terms), "law 11");
        refuses(
            arbiter,
            abi.encodeCall(escrow.rule, (terms, 0, 0, 0)),
            wrongStatus(idOf(terms), 0, Status.Split),
            "law 4: a ruling on what is settled"
        );
    }

    // Helpers

    /// Nothing is submitted, so there is nothing to dispute or to rule on, and the approval pays.
    function _ofUnsubmittedWork(Terms memory terms, Approval[] memory approvals) private {
        uint256 state = vm.snapshotState();
        Books memory books = booksOf(terms);
        bytes memory active = wrongStatus(idOf(terms), 0, Status.Active);
        _clientCannotDispute(terms, 0, active, "law 6: a dispute of what is not submitted");
        refuses(arbiter, abi.encodeCall(escrow.rule, (terms, 0, 0, 0)), active, "law 6: a ruling of it");
        _send(freelancer, abi.encodeCall(escrow.release, (terms, 1, approvals)));
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(terms), books, "law 12: what was approved");
        vm.revertToState(state);
    }

    /// The freelancer carries the approval first: there is nothing left to dispute.
    function _beforeTheDispute(Terms memory terms, Approval[] memory approvals) private {
        uint256 state = vm.snapshotState();
        Books memory books = booksOf(terms);
        _send(freelancer, abi.encodeCall(escrow.release, (terms, 1, approvals)));
        paid(books, 1000, 0, 0);
        bytes memory over = wrongStatus(idOf(terms), 0, Status.Paid);
        _clientCannotDispute(terms, 0, over, "law 4: a dispute after the approval");
        refuses(arbiter, abi.encodeCall(escrow.rule, (terms, 0, 0, 0)), over, "law 4: a ruling after the approval");
        sameBooks(booksOf(terms), books, "law 12: what was approved");
        vm.revertToState(state);
    }

    function _freelancerKeeps(Stand stand, uint256 least, uint256 fee) private {
        Extremes memory e = _search(Pair.ClientAndArbiter, stand);
        same(e.leastOfPayee, least, string.concat(_nameOf(stand), "law 2: what the freelancer keeps"));
        same(e.mostOfArbiter, fee, string.concat(_nameOf(stand), "law 2: the arbiter's part"));
    }

    function _clientKeeps(Stand stand, uint256 least, uint256 fee) private {
        Extremes memory e = _search(Pair.FreelancerAndArbiter, stand);
        same(e.leastOfClient, least, string.concat(_nameOf(stand), "law 2: what the client keeps"));
        same(e.mostOfArbiter, fee, string.concat(_nameOf(stand), "law 2: the arbiter's part"));
    }

    function _nameOf(Stand stand) private pure returns (string memory) {
        return string.concat("stand ", vm.toString(uint256(stand)), ", ");
    }

    function _search(Pair pair, Stand stand) private returns (Extremes memory e) {
        uint256 state = vm.snapshotState();
        _stand(stand);
        e = _walk(pair, 3);
        vm.warp(BEGIN);
        vm.revertToStateAndDelete(state);
    }

    /// Another agreement of the same three, and the milestone where it stands.
    function _stand(Stand stand) private {
        Terms memory terms = fixedPrice(BESIDE);
        fund(terms, 1);
        terms = stand == Stand.Week ? metered(AMOUNT, 10) : fixedPrice(AMOUNT);
        (terms.reviewPeriod, terms.responsePeriod, terms.rulingPeriod) = (PERIOD, PERIOD, PERIOD);
        if (stand == Stand.Week) terms.period = 4 * PERIOD;
        _terms = terms;
        _whole = stand == Stand.Week ? 10 : uint16(WHOLE);
        _clientBefore = token.balanceOf(client);
        vm.prank(client);
        escrow.fund(terms, 1, stand == Stand.Offered ? bytes("") : signTerms(FREELANCER_KEY, terms));

        if (stand == Stand.Submitted || stand == Stand.SubmittedAndLate || stand == Stand.DisputedByClient) {
            submit(terms, 0, 6000);
        }
        if (stand == Stand.RefundRequested || stand == Stand.RefundRequestedAndLate) {
            vm.prank(client);
            escrow.requestRefund(terms, 0, 0);
        }
        if (stand == Stand.DisputedByFreelancer || stand == Stand.DisputedAndLate) dispute(terms, 0, 4000, freelancer);
        if (stand == Stand.DisputedByClient) dispute(terms, 0, 2500, client);
        if (stand == Stand.Approved) {
            vm.prank(client);
            escrow.approve(terms, 1, new uint16[](0));
        }
        bool isLate =
            stand == Stand.SubmittedAndLate || stand == Stand.RefundRequestedAndLate || stand == Stand.DisputedAndLate;
        if (isLate) vm.warp(BEGIN + PERIOD);
    }

    /// Tries every sequence of `depth` moves of the two. A move that is refused changes nothing, so it is followed by
    /// none.
    function _walk(Pair pair, uint256 depth) private returns (Extremes memory e) {
        if (statusOf(_terms, 0) >= Status.Paid) return _ended();
        (e.leastOfPayee, e.leastOfClient) = (type(uint256).max, type(uint256).max);
        if (depth == 0) return e;
        for (uint256 k = 0; k < MOVES; ++k) {
            if (!_isTheirs(pair, k)) continue;
            uint256 timestamp = block.timestamp;
            uint256 state = vm.snapshotState();
            if (_move(k)) {
                Extremes memory next = _walk(pair, depth - 1);
                if (next.leastOfPayee < e.leastOfPayee) e.leastOfPayee = next.leastOfPayee;
                if (next.leastOfClient < e.leastOfClient) e.leastOfClient = next.leastOfClient;
                if (next.mostOfArbiter > e.mostOfArbiter) e.mostOfArbiter = next.mostOfArbiter;
            }
            vm.warp(timestamp);
            vm.revertToStateAndDelete(state);
        }
    }

    function _ended() private view returns (Extremes memory e) {
        e.leastOfPayee = token.balanceOf(payee);
        e.leastOfClient = token.balanceOf(client) + AMOUNT - _clientBefore;
        e.mostOfArbiter = token.balanceOf(arbiter);
        same(e.leastOfPayee + e.leastOfClient + e.mostOfArbiter, AMOUNT, "law 3: to the unit");
        same(token.balanceOf(address(escrow)), BESIDE, "law 8: the other agreement");
    }

    /// Moves 1 to 7 are the client's, 8 to 14 the freelancer's, 15 and 16 the arbiter's, 17 to 19 anybody's; the last
    /// is of both parties together.
    function _isTheirs(Pair pair, uint256 k) private pure returns (bool) {
        if (k >= 1 && k <= 7) return pair != Pair.FreelancerAndArbiter;
        if (k >= 8 && k <= 14) return pair != Pair.ClientAndArbiter;
        if (k == 15 || k == 16) return pair != Pair.ClientAndFreelancer;
        return k < 20 || pair == Pair.ClientAndFreelancer;
    }

    function _move(uint256 k) private returns (bool success) {
        if (k == 0) {
            vm.warp(block.timestamp + PERIOD);
            return true;
        }
        bytes memory data = k < 8 ? _ofClient(k) : k < 15 ? _ofFreelancer(k) : _ofOthers(k);
        vm.prank(k < 8 || k == 20 ? client : k < 15 ? freelancer : k < 17 ? arbiter : stranger);
        (success,) = address(escrow).call(data);
    }

    function _ofClient(uint256 k) private view returns (bytes memory) {
        Terms memory terms = _terms;
        if (k == 1) return abi.encodeCall(escrow.requestRefund, (terms, 0, 0));
        if (k == 2) return abi.encodeCall(escrow.requestChanges, (terms, 0, 0));
        if (k == 3) return abi.encodeCall(escrow.dispute, (terms, 0, 1, 0));
        if (k == 4) return abi.encodeCall(escrow.dispute, (terms, 0, 6000, 0));
        if (k == 5) return abi.encodeCall(escrow.approve, (terms, 1, only(_whole)));
        if (k == 6) return abi.encodeCall(escrow.release, (terms, 1, only(Approval(1, only(1), ""))));
        return abi.encodeCall(escrow.refund, (terms, 1));
    }

    function _ofFreelancer(uint256 k) private view returns (bytes memory) {
        Terms memory terms = _terms;
        if (k == 8) return abi.encodeCall(escrow.accept, (terms, 1, ""));
        if (k == 9) return abi.encodeCall(escrow.submit, (terms, 0, 1, 0));
        if (k == 10) return abi.encodeCall(escrow.submit, (terms, 0, _whole, 0));
        if (k == 11) return abi.encodeCall(escrow.dispute, (terms, 0, 1, 0));
        if (k == 12) return abi.encodeCall(escrow.dispute, (terms, 0, 6000, 0));
        if (k == 13) return abi.encodeCall(escrow.dispute, (terms, 0, _whole, 0));
        return abi.encodeCall(escrow.refund, (terms, 1));
    }

    function _ofOthers(uint256 k) private view returns (bytes memory) {
        Terms memory terms = _terms;
        uint256 open = escrow.milestoneAt(terms, 0, 0).open;
        if (k == 15) return abi.encodeCall(escrow.rule, (terms, 0, 0, 0));
        if (k == 16) return abi.encodeCall(escrow.rule, (terms, 0, open - open * terms.arbiterFeeBps / WHOLE, 0));
        if (k == 17) return abi.encodeCall(escrow.release, (terms, 1, noApprovals()));
        if (k == 18) return abi.encodeCall(escrow.refund, (terms, 1));
        if (k == 19) return abi.encodeCall(escrow.lapse, (terms, 0));
        Division memory half = Division(0, open / 2, open - open / 2);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, half, EXPIRES);
        return abi.encodeCall(escrow.settle, (terms, half, EXPIRES, offer));
    }

    /// After each of the two's moves, waiting aside, the milestone pays the whole to whoever carries `approvals`.
    function _carriesAtEveryStep(uint256 depth, Approval[] memory approvals) private {
        uint256 state = vm.snapshotState();
        if (statusOf(_terms, 0) != Status.Paid) {
            vm.prank(freelancer);
            escrow.release(_terms, 1, approvals);
        }
        same(_ended().leastOfPayee, AMOUNT, "law 12: the whole, at every step");
        vm.revertToState(state);
        for (uint256 k = 1; depth > 0 && k < MOVES; ++k) {
            if (!_isTheirs(Pair.ClientAndArbiter, k)) continue;
            if (_move(k)) _carriesAtEveryStep(depth - 1, approvals);
            vm.revertToState(state);
        }
    }

    function _clientCannotDispute(Terms memory terms, uint8 milestone, bytes memory error, string memory law) private {
        refuses(client, abi.encodeCall(escrow.dispute, (terms, milestone, 10_000, 0)), error, law);
    }

    function _send(address by, bytes memory data) private {
        vm.prank(by);
        (bool success, bytes memory answer) = address(escrow).call(data);
        holds(success, string.concat("law 6: refused with ", vm.toString(answer)));
    }
}
