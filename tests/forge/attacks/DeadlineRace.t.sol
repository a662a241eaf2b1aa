// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title DeadlineRace
/// @notice Both sides act in the block of a deadline, in either order, hoping that both acts count, or that neither
/// does; or each act comes in the last second that it may, hoping that clocks in a chain have no end.
///
/// Before the second exactly the awaited party's act counts, from the second on exactly the other one, whichever comes
/// first in the block. Of two acts that are both allowed the first decides. A chain of clocks ends within the sum of
/// the three periods, and neither party can be made to begin it again.
contract DeadlineRace is ConsentTest {
    /// Two acts that a clock tells apart.
    struct Race {
        address by;
        bytes inTime;
        bytes late;
        uint256 deadline;
        /// What `late` is answered after `inTime`, and `inTime` after `late`.
        bytes lateAfter;
        bytes inTimeAfter;
        /// What each pays to the payee, the client, the arbiter.
        uint256[3] byInTime;
        uint256[3] byLate;
    }

    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(AMOUNT);
        fund(_terms, 1);
    }

    // One clock

    /// Six tenths are claimed. Anybody releases; the client disputes, sends back; the freelancer disputes.
    function test_review() public {
        submit(_terms, 0, 6000);
        Race memory race;
        race.deadline = BEGIN + _terms.reviewPeriod;
        race.late = abi.encodeCall(escrow.release, (_terms, 1, noApprovals()));
        race.byLate = [uint256(600), 400, 0];
        race.inTimeAfter = wrongStatus(idOf(_terms), 0, Status.Split);

        (race.by, race.inTime) = (client, abi.encodeCall(escrow.dispute, (_terms, 0, 2000, 0)));
        race.lateAfter = wrongStatus(idOf(_terms), 0, Status.Disputed);
        race.byInTime = [uint256(400), 400, 0];
        _run(race);
        (race.by, race.inTime) = (freelancer, abi.encodeCall(escrow.dispute, (_terms, 0, 2000, 0)));
        race.byInTime = [uint256(0), 800, 0];
        _run(race);
        (race.by, race.inTime) = (client, abi.encodeCall(escrow.requestChanges, (_terms, 0, 0)));
        race.lateAfter = wrongStatus(idOf(_terms), 0, Status.Active);
        race.byInTime = [uint256(0), 0, 0];
        _run(race);
    }

    /// Anybody refunds; the freelancer submits, disputes.
    function test_response() public {
        vm.prank(client);
        escrow.requestRefund(_terms, 0, 0);
        Race memory race;
        race.by = freelancer;
        race.deadline = BEGIN + _terms.responsePeriod;
        race.late = abi.encodeCall(escrow.refund, (_terms, 1));
        race.byLate = [uint256(0), 1000, 0];
        race.lateAfter = notFreelancer(stranger, _terms);

        race.inTime = abi.encodeCall(escrow.submit, (_terms, 0, 6000, 0));
        race.inTimeAfter = wrongStatus(idOf(_terms), 0, Status.Refunded);
        _run(race);
        race.inTime = abi.encodeCall(escrow.dispute, (_terms, 0, 2000, 0));
        race.byInTime = [uint256(0), 800, 0];
        _run(race);
    }

    /// The arbiter rules; anybody lets it lapse.
    function test_ruling() public {
        dispute(_terms, 0, 10_000, freelancer);
        Race memory race;
        race.by = arbiter;
        race.deadline = BEGIN + _terms.rulingPeriod;
        race.inTime = abi.encodeCall(escrow.rule, (_terms, 0, 950, 0));
        race.late = abi.encodeCall(escrow.lapse, (_terms, 0));
        race.byInTime = [uint256(950), 0, 50];
        race.byLate = [uint256(500), 500, 0];
        race.lateAfter = wrongStatus(idOf(_terms), 0, Status.Split);
        race.inTimeAfter = race.lateAfter;
        _run(race);
    }

    /// A signed offer counts until the second before it expires, whatever the milestone's clock says; so does an
    /// amendment.
    function test_an_offer() public {
        uint40 expiresAt = uint40(BEGIN + 10);
        Division memory half = Division(0, 500, 500);
        Terms memory replacement = replacementOf(_terms);
        Amendment memory amendment = amendmentWith("");
        amendment.expiresAt = expiresAt;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);
        bytes[2] memory calls = [
            abi.encodeCall(
                escrow.settle, (_terms, half, expiresAt, signSettlement(FREELANCER_KEY, _terms, half, expiresAt))
            ),
            abi.encodeCall(escrow.amend, (_terms, replacement, amendment))
        ];
        uint256[3][2] memory parts = [[uint256(500), 500, 0], [uint256(600), 0, 0]];
        for (uint256 k = 0; k < 2; ++k) {
            for (uint256 second = 0; second < 2; ++second) {
                vm.warp(BEGIN + 10 + second);
                bytes memory error = abi.encodeWithSelector(
                    IMilestoneEscrow.OfferExpired.selector, idOf(_terms), BEGIN + 10, block.timestamp
                );
                refuses(client, calls[k], error, "law 17: from the second on");
            }
            vm.warp(BEGIN + 9);
            uint256 state = vm.snapshotState();
            _goes(client, calls[k], parts[k], "law 17: one second before");
            vm.revertToState(state);
        }
    }

    /// The token judges until when an authorisation may be used; where it was too late, nothing is funded.
    function test_an_authorisation() public {
        Terms memory terms = fixedPrice(AMOUNT);
        terms.salt = bytes32(uint256(1));
        Authorization memory a = authorize(terms, 1);
        bytes memory data = abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", a));
        vm.warp(EXPIRES);
        refuses(stranger, data, authorizationInvalid(terms, 1), "law 11: too late");
        same(escrow.statusesOf(idOf(terms)), 0, "law 11: nothing is funded");
        vm.warp(EXPIRES - 1);
        vm.prank(stranger);
        escrow.fundWithAuthorization(terms, 1, "", a);
        same(uint8(statusOf(terms, 0)), uint8(Status.Offered), "law 17: one second before");
    }

    // Two acts that are both allowed

    /// Once the client is late, a release, a concession of the freelancer and a settlement are all allowed, in any
    /// order: the first decides.
    function test_after_the_review_the_first_decides() public {
        submit(_terms, 0, 6000);
        vm.warp(BEGIN + _terms.reviewPeriod);
        _firstDecides(abi.encodeCall(escrow.release, (_terms, 1, noApprovals())), [uint256(600), 400, 0], Status.Split);
    }

    /// Once the freelancer is late, a refund by anybody, an approval that the client brings, and a settlement.
    function test_after_the_response_the_first_decides() public {
        vm.prank(client);
        escrow.requestRefund(_terms, 0, 0);
        vm.warp(BEGIN + _terms.responsePeriod);
        _firstDecides(
            abi.encodeCall(escrow.release, (_terms, 1, approvalWith(1, _approval()))),
            [uint256(1000), 0, 0],
            Status.Paid
        );
    }

    /// Once the arbiter is late, a lapse, a concession, a settlement.
    function test_after_the_ruling_the_first_decides() public {
        dispute(_terms, 0, 10_000, freelancer);
        vm.warp(BEGIN + _terms.rulingPeriod);
        _firstDecides(abi.encodeCall(escrow.lapse, (_terms, 0)), [uint256(500), 500, 0], Status.Split);
    }

    // Chains

    /// Every act in its last second: the money is out within the sum of the periods.
    function test_every_clock_to_its_last_second() public {
        Terms memory terms = _terms;
        Books memory books = booksOf(terms);
        vm.prank(client);
        escrow.requestRefund(terms, 0, 0);
        vm.warp(block.timestamp + terms.responsePeriod - 1);
        submit(terms, 0, 10_000);
        vm.warp(block.timestamp + terms.reviewPeriod - 1);
        dispute(terms, 0, 10_000, client);
        uint256 disputedAt = block.timestamp;
        vm.warp(disputedAt + terms.rulingPeriod - 1);
        bytes memory error = abi.encodeWithSelector(
            IMilestoneEscrow.DeadlineNotReached.selector,
            idOf(terms),
            0,
            disputedAt + terms.rulingPeriod,
            block.timestamp
        );
        refuses(stranger, abi.encodeCall(escrow.lapse, (terms, 0)), error, "law 17: the arbiter's last second");
        vm.warp(disputedAt + terms.rulingPeriod);
        escrow.lapse(terms, 0);
        paid(books, 500, 500, 0);
        sameBooks(booksOf(terms), books, "law 16: it ends");
        uint256 bound = uint256(terms.responsePeriod) + terms.reviewPeriod + terms.rulingPeriod;
        same(block.timestamp - BEGIN, bound - 2, "law 16: within the sum of the periods");
    }

    /// The client sends back in the last second and asks for the money, again and again: a dispute ends the circle from
    /// wherever the freelancer has had enough of it.
    function test_a_circle_of_changes() public {
        Terms memory terms = _terms;
        for (uint256 k = 0; k < 5; ++k) {
            vm.prank(client);
            escrow.requestRefund(terms, 0, 0);
            vm.warp(block.timestamp + terms.responsePeriod - 1);
            _leaves(freelancer, terms);
            submit(terms, 0, 10_000);
            vm.warp(block.timestamp + terms.reviewPeriod - 1);
            _leaves(freelancer, terms);
            _leaves(client, terms);
            vm.prank(client);
            escrow.requestChanges(terms, 0, 0);
            _leaves(freelancer, terms);
        }
    }

    /// The work is delivered. In the last second of the review the client sends it back and asks for the money in one
    /// batch: the freelancer has the whole response period again, to its last second, to submit or to dispute. Whoever
    /// is silent through it loses all of it.
    function test_sent_back_and_asked_back_in_the_last_second() public {
        submit(_terms, 0, 10_000);
        vm.warp(BEGIN + _terms.reviewPeriod - 1);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.requestChanges, (_terms, 0, 0));
        calls[1] = abi.encodeCall(escrow.requestRefund, (_terms, 0, 0));
        _goes(client, abi.encodeCall(escrow.multicall, (calls)), [uint256(0), 0, 0], "law 6: one second before");
        same(uint8(statusOf(_terms, 0)), uint8(Status.RefundRequested), "law 6: asked back");
        uint256 deadline = block.timestamp + _terms.responsePeriod;
        bytes memory submission = abi.encodeCall(escrow.submit, (_terms, 0, 10_000, 0));
        bytes memory dispute_ = abi.encodeCall(escrow.dispute, (_terms, 0, 10_000, 0));
        bytes memory refund = abi.encodeCall(escrow.refund, (_terms, 1));
        uint256 state = vm.snapshotState();
        uint256[3] memory answers = [block.timestamp, block.timestamp + 1, deadline - 1];
        for (uint256 k = 0; k < 3; ++k) {
            // Submitted again, the client's silence pays it.
            vm.warp(answers[k]);
            bytes memory early = abi.encodeWithSelector(
                IMilestoneEscrow.DeadlineNotReached.selector, idOf(_terms), 0, deadline, block.timestamp
            );
            refuses(client, refund, early, "law 17: not yet");
            _goes(freelancer, submission, [uint256(0), 0, 0], "law 17: submitted in time");
            vm.warp(answers[k] + _terms.reviewPeriod);
            _goes(stranger, abi.encodeCall(escrow.release, (_terms, 1, noApprovals())), [AMOUNT, 0, 0], "law 16");
            vm.revertToState(state);

            // Disputed, the arbiter decides, or the default share.
            vm.warp(answers[k]);
            _goes(freelancer, dispute_, [uint256(0), 0, 0], "law 17: disputed in time");
            vm.warp(answers[k] + _terms.rulingPeriod);
            _goes(stranger, abi.encodeCall(escrow.lapse, (_terms, 0)), [uint256(500), 500, 0], "law 16");
            vm.revertToState(state);
        }

        vm.warp(deadline);
        bytes memory passed = abi.encodeWithSelector(
            IMilestoneEscrow.DeadlinePassed.selector, idOf(_terms), 0, deadline, block.timestamp
        );
        refuses(freelancer, submission, passed, "law 17: submitted too late");
        refuses(freelancer, dispute_, passed, "law 17: disputed too late");
        _goes(stranger, refund, [uint256(0), AMOUNT, 0], "law 15: silence returns all of it");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Refunded), "law 5");
    }

    /// A second later the review is over: the batch fails whole, and the claim is paid.
    function test_sent_back_and_asked_back_too_late() public {
        submit(_terms, 0, 10_000);
        vm.warp(BEGIN + _terms.reviewPeriod);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.requestChanges, (_terms, 0, 0));
        calls[1] = abi.encodeCall(escrow.requestRefund, (_terms, 0, 0));
        bytes memory passed = abi.encodeWithSelector(
            IMilestoneEscrow.DeadlinePassed.selector, idOf(_terms), 0, block.timestamp, block.timestamp
        );
        refuses(client, abi.encodeCall(escrow.multicall, (calls)), passed, "law 17: at the second");
        _goes(stranger, abi.encodeCall(escrow.release, (_terms, 1, noApprovals())), [AMOUNT, 0, 0], "law 15");
    }

    /// A party disputes, and the other can neither stop the clock nor begin it again.
    function _leaves(address by, Terms memory terms) private {
        uint256 timestamp = block.timestamp;
        uint256 state = vm.snapshotState();
        Books memory books = booksOf(terms);
        dispute(terms, 0, 10_000, by);
        bytes memory disputed = wrongStatus(idOf(terms), 0, Status.Disputed);
        vm.warp(timestamp + terms.rulingPeriod - 1);
        refuses(client, abi.encodeCall(escrow.requestChanges, (terms, 0, 0)), disputed, "law 16: sent back");
        refuses(client, abi.encodeCall(escrow.requestRefund, (terms, 0, 0)), disputed, "law 16: asked back");
        refuses(client, abi.encodeCall(escrow.dispute, (terms, 0, 10_000, 0)), disputed, "law 16: disputed again");
        refuses(freelancer, abi.encodeCall(escrow.dispute, (terms, 0, 10_000, 0)), disputed, "law 16: disputed again");
        refuses(freelancer, abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0)), disputed, "law 16: submitted again");
        vm.warp(timestamp + terms.rulingPeriod);
        escrow.lapse(terms, 0);
        paid(books, 500, 500, 0);
        sameBooks(booksOf(terms), books, "law 16: it ends");
        vm.warp(timestamp);
        vm.revertToState(state);
    }

    // Helpers

    /// Before, at and after the deadline, in both orders.
    function _run(Race memory race) private {
        uint256 state = vm.snapshotState();
        for (uint256 second = 0; second < 3; ++second) {
            vm.warp(race.deadline - 1 + second);
            bytes memory early = abi.encodeWithSelector(
                IMilestoneEscrow.DeadlineNotReached.selector, idOf(_terms), 0, race.deadline, block.timestamp
            );
            bytes memory passed = abi.encodeWithSelector(
                IMilestoneEscrow.DeadlinePassed.selector, idOf(_terms), 0, race.deadline, block.timestamp
            );
            for (uint256 order = 0; order < 2; ++order) {
                if (second == 0) {
                    if (order == 1) refuses(stranger, race.late, early, "law 17: one second too early");
                    _goes(race.by, race.inTime, race.byInTime, "law 17: one second before, in time");
                    if (order == 0) refuses(stranger, race.late, race.lateAfter, "law 17: both in one block");
                } else {
                    if (order == 0) refuses(race.by, race.inTime, passed, "law 17: at the second, late");
                    _goes(stranger, race.late, race.byLate, "law 17: from the second on");
                    if (order == 1) refuses(race.by, race.inTime, race.inTimeAfter, "law 4: both in one block");
                }
                vm.revertToState(state);
                vm.warp(race.deadline - 1 + second);
            }
        }
        vm.warp(BEGIN);
        vm.revertToState(state);
    }

    /// The clock's own way, the freelancer's refund and a settlement, each before each.
    function _firstDecides(bytes memory ofClock, uint256[3] memory byClock, Status end) private {
        bytes[3] memory calls = [
            ofClock,
            abi.encodeCall(escrow.refund, (_terms, 1)),
            callOf(Kind.SettleByFreelancer, _terms, signatureOf(Kind.SettleByFreelancer, _terms))
        ];
        uint256[3][3] memory parts = [byClock, [uint256(0), 1000, 0], [uint256(600), 400, 0]];
        Status[3] memory ends = [end, Status.Refunded, Status.Split];
        uint256 state = vm.snapshotState();
        for (uint256 first = 0; first < 3; ++first) {
            _goes(freelancer, calls[first], parts[first], "law 6: the first");
            same(uint8(statusOf(_terms, 0)), uint8(ends[first]), "law 5");
            for (uint256 second = 0; second < 3; ++second) {
                refuses(freelancer, calls[second], wrongStatus(idOf(_terms), 0, ends[first]), "law 4: the second");
            }
            vm.revertToState(state);
        }
    }

    function _goes(address by, bytes memory data, uint256[3] memory parts, string memory law) private {
        Books memory books = booksOf(_terms);
        vm.prank(by);
        (bool success, bytes memory answer) = address(escrow).call(data);
        holds(success, string.concat(law, ": refused with ", vm.toString(answer)));
        paid(books, parts[0], parts[1], parts[2]);
        sameBooks(booksOf(_terms), books, law);
    }

    function _approval() private view returns (bytes memory) {
        return signatureOf(Kind.ReleaseByStranger, _terms);
    }
}
