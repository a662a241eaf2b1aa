// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title FutureWeeks
/// @notice A client funds weeks ahead; the freelancer claims or disputes them on the first day, hoping for the default
/// share of work that nobody has done yet.
///
/// Metered work is claimed once its period is over, to the second. Only the client can open a period before, by asking
/// for its money back or by signing for it, and only that one.
contract FutureWeeks is ConsentTest {
    uint256 private constant WEEK = 7 days;

    Terms private _terms;

    /// Four weeks of 2,400 in 240 units.
    function setUp() public override {
        super.setUp();
        _terms = metered(2400, 240);
        fund(_terms, 15);
    }

    function test_submitted_or_disputed_ahead() public {
        for (uint8 i = 0; i < 4; ++i) {
            uint256 end = BEGIN + (uint256(i) + 1) * WEEK;
            for (uint256 early = 2; early > 0; --early) {
                vm.warp(early == 2 ? BEGIN : end - 1);
                _isClosed(i);
            }
            vm.warp(end);
            uint256 state = vm.snapshotState();
            dispute(_terms, i, 240, freelancer);
            same(uint8(statusOf(_terms, i)), uint8(Status.Disputed), "law 17: disputed at the second the period ends");
            vm.revertToState(state);
            submit(_terms, i, 240);
            same(uint8(statusOf(_terms, i)), uint8(Status.Submitted), "law 17: submitted at the second the period ends");
        }
    }

    /// Nothing becomes of a week ahead by release, refund or lapse in a stranger's or the freelancer's hands but the
    /// client's money back.
    function test_ended_ahead() public {
        Books memory books = booksOf(_terms);
        bytes memory active = wrongStatus(idOf(_terms), 3, Status.Active);
        refuses(stranger, abi.encodeCall(escrow.release, (_terms, 8, noApprovals())), active, "law 6: released ahead");
        refuses(stranger, abi.encodeCall(escrow.lapse, (_terms, 3)), active, "law 6: lapsed ahead");
        refuses(arbiter, abi.encodeCall(escrow.rule, (_terms, 3, 0, 0)), active, "law 6: ruled ahead");
        refuses(
            stranger, abi.encodeCall(escrow.refund, (_terms, 8)), notFreelancer(stranger, _terms), "law 6: refunded"
        );
        sameBooks(booksOf(_terms), books, "law 6: nothing moved");
        vm.prank(freelancer);
        escrow.refund(_terms, 8);
        paid(books, 0, 2400, 0);
        sameBooks(booksOf(_terms), books, "law 3: given up by the freelancer");
    }

    /// An offer of weeks is no way around: neither submitting, which accepts, nor accepting first.
    function test_an_offer_submitted_ahead() public {
        Terms memory offered = metered(2400, 240);
        offered.salt = bytes32(uint256(1));
        vm.prank(client);
        escrow.fund(offered, 3, "");
        bytes memory error =
            abi.encodeWithSelector(IMilestoneEscrow.PeriodNotOver.selector, idOf(offered), 1, BEGIN + 2 * WEEK, BEGIN);
        refuses(freelancer, abi.encodeCall(escrow.submit, (offered, 1, 1, 0)), error, "law 6: an offer ahead");
        refuses(
            freelancer,
            abi.encodeCall(escrow.dispute, (offered, 1, 1, 0)),
            wrongStatus(idOf(offered), 1, Status.Offered),
            "law 6: an offer disputed"
        );
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.accept, (offered, 3, ""));
        calls[1] = abi.encodeCall(escrow.dispute, (offered, 1, 240, 0));
        refuses(freelancer, abi.encodeCall(escrow.multicall, (calls)), error, "law 6: accepted and disputed ahead");
        same(escrow.statusesOf(idOf(offered)), 0x11, "law 6: both are offers still");
    }

    /// The claim need not wait, and silence pays it; no other week is any more open than it was.
    function test_a_refund_request_opens_its_week_alone() public {
        Books memory books = booksOf(_terms);
        vm.prank(client);
        escrow.requestRefund(_terms, 2, 0);
        uint256 state = vm.snapshotState();
        submit(_terms, 2, 30);
        _othersAreClosed();
        vm.warp(BEGIN + _terms.reviewPeriod);
        escrow.release(_terms, 4, noApprovals());
        paid(books, 300, 2100, 0);
        sameBooks(booksOf(_terms), books, "law 2: what was worked");
        vm.warp(BEGIN);
        vm.revertToState(state);

        // In bad faith the whole week is disputed; the arbiter, or the share that the client signed, decides.
        books = booksOf(_terms);
        dispute(_terms, 2, 240, freelancer);
        _othersAreClosed();
        vm.warp(BEGIN + _terms.rulingPeriod);
        escrow.lapse(_terms, 2);
        paid(books, 1200, 1200, 0);
        sameBooks(booksOf(_terms), books, "law 15: the default share of that week");
    }

    /// Sent back, a week that was opened would be closed again until it is over, and the work in it unpaid meanwhile.
    /// So while it runs the client cannot send it back, alone or to ask for the money again: they approve, dispute,
    /// settle, or are silent. From the second that it ends on they can.
    function test_a_week_that_was_opened_and_sent_back() public {
        uint256 end = BEGIN + 3 * WEEK;
        _opened(BEGIN + 10 days);
        uint256 state = vm.snapshotState();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.requestChanges, (_terms, 2, 0));
        calls[1] = abi.encodeCall(escrow.requestRefund, (_terms, 2, 0));
        uint256[3] memory moments = [BEGIN + 10 days, BEGIN + 10 days + 1, end - 1];
        for (uint256 k = 0; k < 3; ++k) {
            vm.warp(moments[k]);
            bytes memory running =
                abi.encodeWithSelector(IMilestoneEscrow.PeriodNotOver.selector, idOf(_terms), 2, end, block.timestamp);
            Books memory books = booksOf(_terms);
            refuses(client, calls[0], running, "law 6: sent back while it runs");
            refuses(client, abi.encodeCall(escrow.multicall, (calls)), running, "law 6: and asked back again");
            sameBooks(booksOf(_terms), books, "law 6: nothing moved");
            same(escrow.statusesOf(idOf(_terms)), 0x2422, "law 6: as it was");
            same(escrow.milestoneAt(_terms, 2, 0).clock.since, BEGIN + 10 days, "law 17: its clock runs on");
            _waysOn();
        }

        vm.warp(end);
        vm.prank(client);
        escrow.requestChanges(_terms, 2, 0);
        same(uint8(statusOf(_terms, 2)), uint8(Status.Active), "law 17: sent back at the second the period ends");
        submit(_terms, 2, 120);
        same(uint8(statusOf(_terms, 2)), uint8(Status.Submitted), "law 16: and claimed again at once");
        vm.revertToState(state);
    }

    /// Whether the period runs is asked last: who calls, what stands, and whether the client is late come before.
    function test_a_week_that_was_opened_and_sent_back_by_others_or_late() public {
        bytes memory data = abi.encodeCall(escrow.requestChanges, (_terms, 2, 0));
        refuses(client, data, wrongStatus(idOf(_terms), 2, Status.Active), "law 6: nothing is claimed");
        _opened(BEGIN);
        bytes memory notClient = abi.encodeWithSelector(IMilestoneEscrow.NotClient.selector, freelancer, client);
        refuses(freelancer, data, notClient, "law 6: by the freelancer");
        // The review is over a week before the period is.
        uint256 deadline = BEGIN + _terms.reviewPeriod;
        vm.warp(deadline - 1);
        bytes memory running = abi.encodeWithSelector(
            IMilestoneEscrow.PeriodNotOver.selector, idOf(_terms), 2, BEGIN + 3 * WEEK, block.timestamp
        );
        refuses(client, data, running, "law 6: in time, while it runs");
        vm.warp(deadline);
        bytes memory late =
            abi.encodeWithSelector(IMilestoneEscrow.DeadlinePassed.selector, idOf(_terms), 2, deadline, deadline);
        refuses(client, data, late, "law 17: late");
        Books memory books = booksOf(_terms);
        vm.prank(stranger);
        escrow.release(_terms, 4, noApprovals());
        paid(books, 2400, 0, 0);
        sameBooks(booksOf(_terms), books, "law 15: silence pays it, while the period runs");
    }

    /// By a transaction the client approves nothing that is not claimed, by a signature what they name: their word, and
    /// the one week that it names.
    function test_approved_ahead() public {
        bytes memory active = wrongStatus(idOf(_terms), 1, Status.Active);
        refuses(client, abi.encodeCall(escrow.approve, (_terms, 2, only(240))), active, "law 6: approved ahead");
        Books memory books = booksOf(_terms);
        uint16[] memory units = only(120);
        bytes memory data =
            abi.encodeCall(escrow.release, (_terms, 2, only(signApproval(CLIENT_KEY, _terms, 2, units))));
        refuses(stranger, data, notFreelancer(stranger, _terms), "law 7: a part in other hands");
        vm.prank(freelancer);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 12: the client's word");
        paid(books, 1200, 1200, 0);
        sameBooks(booksOf(_terms), books, "law 12: what was signed for");
        refuses(
            freelancer,
            abi.encodeCall(escrow.release, (_terms, 4, only(signApproval(CLIENT_KEY, _terms, 2, units)))),
            wrongStatus(idOf(_terms), 2, Status.Active),
            "law 11: another week"
        );
    }

    /// A start in the future or in the past moves every period with it.
    function test_another_start() public {
        for (uint256 k = 0; k < 2; ++k) {
            Terms memory other = metered(2400, 240);
            other.start = uint40(k == 0 ? BEGIN + 10 * WEEK : BEGIN - WEEK);
            fund(other, 3);
            for (uint8 i = 0; i < 2; ++i) {
                uint256 end = uint256(other.start) + (uint256(i) + 1) * WEEK;
                if (end > BEGIN) {
                    bytes memory error = abi.encodeWithSelector(
                        IMilestoneEscrow.PeriodNotOver.selector, idOf(other), i, end, block.timestamp
                    );
                    refuses(freelancer, abi.encodeCall(escrow.submit, (other, i, 1, 0)), error, "law 17: ahead");
                } else {
                    submit(other, i, 1);
                }
                same(
                    uint8(statusOf(other, i)),
                    uint8(end > BEGIN ? Status.Active : Status.Submitted),
                    "law 17: by its end"
                );
            }
        }
    }

    /// The last period of the last milestone ends where the arithmetic says, without overflow.
    function test_the_last_week() public {
        fund(_terms, uint64(1) << 63);
        vm.warp(BEGIN + 64 * WEEK - 1);
        _isClosed(63);
        vm.warp(BEGIN + 64 * WEEK);
        submit(_terms, 63, 1);
        same(uint8(statusOf(_terms, 63)), uint8(Status.Submitted), "law 17: at the second");
    }

    /// The client asks for the third week at `timestamp`, and the freelancer claims all of it at once.
    function _opened(uint256 timestamp) private {
        vm.warp(timestamp);
        vm.prank(client);
        escrow.requestRefund(_terms, 2, 0);
        submit(_terms, 2, 240);
    }

    /// What is left to either party while the claim stands, and what each pays.
    function _waysOn() private {
        uint256 timestamp = block.timestamp;
        uint256 state = vm.snapshotState();
        Books memory books = booksOf(_terms);
        vm.prank(client);
        escrow.approve(_terms, 4, only(240));
        escrow.release(_terms, 4, noApprovals());
        paid(books, 2400, 0, 0);
        sameBooks(booksOf(_terms), books, "law 16: approved");
        vm.revertToState(state);

        // Two thirds, or all of it, are disputed: by the client, who concedes the rest, or by the freelancer.
        for (uint256 k = 0; k < 3; ++k) {
            books = booksOf(_terms);
            dispute(_terms, 2, k == 1 ? 160 : 240, k < 2 ? client : freelancer);
            if (k == 1) paid(books, 800, 0, 0);
            vm.warp(timestamp + _terms.rulingPeriod);
            escrow.lapse(_terms, 2);
            paid(books, k == 1 ? 800 : 1200, k == 1 ? 800 : 1200, 0);
            sameBooks(booksOf(_terms), books, "law 16: disputed");
            vm.warp(timestamp);
            vm.revertToState(state);
        }

        books = booksOf(_terms);
        Division memory agreed = Division(2, 1000, 1400);
        bytes memory offer = signSettlement(FREELANCER_KEY, _terms, agreed, EXPIRES);
        vm.prank(client);
        escrow.settle(_terms, agreed, EXPIRES, offer);
        paid(books, 1000, 1400, 0);
        sameBooks(booksOf(_terms), books, "law 16: settled");
        vm.revertToState(state);

        books = booksOf(_terms);
        vm.warp(BEGIN + 10 days + _terms.reviewPeriod);
        vm.prank(stranger);
        escrow.release(_terms, 4, noApprovals());
        paid(books, 2400, 0, 0);
        sameBooks(booksOf(_terms), books, "law 16: silence pays it");
        vm.warp(timestamp);
        vm.revertToState(state);
    }

    function _othersAreClosed() private {
        _isClosed(0);
        _isClosed(1);
        _isClosed(3);
    }

    function _isClosed(uint8 i) private {
        bytes memory error = abi.encodeWithSelector(
            IMilestoneEscrow.PeriodNotOver.selector, idOf(_terms), i, BEGIN + (uint256(i) + 1) * WEEK, block.timestamp
        );
        refuses(freelancer, abi.encodeCall(escrow.submit, (_terms, i, 240, 0)), error, "law 6: submitted ahead");
        refuses(freelancer, abi.encodeCall(escrow.dispute, (_terms, i, 240, 0)), error, "law 6: disputed ahead");
    }
}
