// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title FutureWeeks
/// @notice A client funds weeks ahead; the freelancer claims or disputes them on the first day, hoping for the default share
/// of work that nobody has done yet.
///
/// Metered work is claimed once its period is over, to the second. Only the client can open a period before, by asking
/// for its money back, and only that one.
contract FutureWeeks is AttackTest {
    Terms private terms;

    function setUp() public override {
        super.setUp();
        terms = metered(2400, 240);
        fund(terms, 15);
    }

    function test_submitted_or_disputed_ahead() public {
        for (uint8 i = 0; i < 4; ++i) {
            uint256 end = BEGIN + (uint256(i) + 1) * 7 days;
            vm.warp(end - 1);
            bytes memory error =
                abi.encodeWithSelector(IMilestoneEscrow.PeriodNotOver.selector, idOf(terms), i, end, end - 1);
            refuses(freelancer, abi.encodeCall(escrow.submit, (terms, i, 240, 0)), error, "law 6: submitted ahead");
            refuses(freelancer, abi.encodeCall(escrow.dispute, (terms, i, 240, 0)), error, "law 6: disputed ahead");
            vm.warp(end);
            submit(terms, i, 240);
            holds(statusOf(terms, i) == Status.Submitted, "law 17: at the second the period ends");
        }
    }

    /// An offer of weeks is no way around.
    function test_an_offer_submitted_ahead() public {
        Terms memory offered = metered(2400, 240);
        offered.salt = bytes32(uint256(1));
        vm.prank(client);
        escrow.fund(offered, 3, "");
        bytes memory error =
            abi.encodeWithSelector(IMilestoneEscrow.PeriodNotOver.selector, idOf(offered), 1, BEGIN + 14 days, BEGIN);
        refuses(freelancer, abi.encodeCall(escrow.submit, (offered, 1, 1, 0)), error, "law 6: an offer ahead");
    }

    function test_a_refund_request_opens_its_week_alone() public {
        vm.prank(client);
        escrow.requestRefund(terms, 2, 0);
        submit(terms, 2, 30);
        for (uint8 i = 0; i < 4; ++i) {
            if (i == 2) continue;
            bytes memory error = abi.encodeWithSelector(
                IMilestoneEscrow.PeriodNotOver.selector, idOf(terms), i, BEGIN + (uint256(i) + 1) * 7 days, BEGIN
            );
            refuses(freelancer, abi.encodeCall(escrow.submit, (terms, i, 30, 0)), error, "law 8: another week");
        }
        vm.warp(BEGIN + terms.reviewPeriod);
        escrow.release(terms, 4, noApprovals());
        same(token.balanceOf(payee), 300, "law 2: what was worked");
    }

    /// Nor does the client's approval come before a claim: there is nothing to approve yet.
    function test_approved_ahead() public {
        uint16[] memory units = new uint16[](1);
        units[0] = 240;
        bytes memory error =
            abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), 1, Status.Active);
        refuses(client, abi.encodeCall(escrow.approve, (terms, 2, units)), error, "law 6: approved ahead");
    }

    /// The last period of the last milestone ends where the arithmetic says, without overflow.
    function test_the_last_week() public {
        fund(terms, uint64(1) << 63);
        vm.warp(BEGIN + 64 * 7 days - 1);
        bytes memory error = abi.encodeWithSelector(
            IMilestoneEscrow.PeriodNotOver.selector, idOf(terms), 63, BEGIN + 64 * 7 days, block.timestamp
        );
        refuses(freelancer, abi.encodeCall(escrow.submit, (terms, 63, 1, 0)), error, "law 17: a second too early");
        vm.warp(BEGIN + 64 * 7 days);
        submit(terms, 63, 1);
        holds(statusOf(terms, 63) == Status.Submitted, "law 17: at the second");
    }
}
