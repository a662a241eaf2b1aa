// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title DeadlineRace
/// @notice Both sides act in the block of a deadline, in either order, hoping that both acts count, or that neither does.
///
/// Before the second exactly the awaited party's act counts, from the second on exactly the other one. Whichever of two
/// acts that are both allowed comes first decides, and the second is refused.
contract DeadlineRace is AttackTest {
    Terms private terms;

    function setUp() public override {
        super.setUp();
        terms = fixedPrice(1000);
        fund(terms, 1);
    }

    /// The client disputes, sends back; anybody releases.
    function test_review() public {
        submit(terms, 0, 10_000);
        bytes memory released = abi.encodeCall(escrow.release, (terms, 1, noApprovals()));
        _race(client, abi.encodeCall(escrow.dispute, (terms, 0, 10_000, 0)), stranger, released, terms.reviewPeriod);
        _race(client, abi.encodeCall(escrow.requestChanges, (terms, 0, 0)), stranger, released, terms.reviewPeriod);
        _race(freelancer, abi.encodeCall(escrow.dispute, (terms, 0, 1, 0)), stranger, released, terms.reviewPeriod);
    }

    /// The freelancer answers; anybody refunds.
    function test_response() public {
        vm.prank(client);
        escrow.requestRefund(terms, 0, 0);
        bytes memory refunded = abi.encodeCall(escrow.refund, (terms, 1));
        _race(freelancer, abi.encodeCall(escrow.submit, (terms, 0, 1, 0)), client, refunded, terms.responsePeriod);
        _race(freelancer, abi.encodeCall(escrow.dispute, (terms, 0, 1, 0)), stranger, refunded, terms.responsePeriod);
    }

    /// The arbiter rules; anybody lets it lapse.
    function test_ruling() public {
        dispute(terms, 0, 10_000, freelancer);
        bytes memory lapsed = abi.encodeCall(escrow.lapse, (terms, 0));
        _race(arbiter, abi.encodeCall(escrow.rule, (terms, 0, 1, 0)), stranger, lapsed, terms.rulingPeriod);
    }

    /// An offer counts until the second before it expires, whatever else runs out.
    function test_an_offer() public {
        Division memory division = Division(0, 400, 600);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, uint40(BEGIN + 10));
        bytes memory data = abi.encodeCall(escrow.settle, (terms, division, uint40(BEGIN + 10), offer));
        vm.warp(BEGIN + 10);
        refuses(
            client,
            data,
            abi.encodeWithSignature("OfferExpired(bytes32,uint256,uint256)", idOf(terms), BEGIN + 10, BEGIN + 10),
            "law 17: at the second"
        );
        vm.warp(BEGIN + 9);
        vm.prank(client);
        escrow.settle(terms, division, uint40(BEGIN + 10), offer);
        same(token.balanceOf(payee), 400, "law 17: one second before");
    }

    /// `inTime` counts before the deadline, `late` from then on, in either order within a block.
    function _race(address by, bytes memory inTime, address other, bytes memory late, uint256 period) private {
        for (uint256 second = 0; second < 3; ++second) {
            for (uint256 order = 0; order < 2; ++order) {
                uint256 snapshot = vm.snapshotState();
                vm.warp(BEGIN + period - 1 + second);
                bool first = order == 0 ? _goes(by, inTime) : _goes(other, late);
                bool then = order == 0 ? _goes(other, late) : _goes(by, inTime);
                bool early = order == 0 ? first : then;
                holds(early == (second == 0), "law 17: the awaited party is in time until the second");
                holds((order == 0 ? then : first) == (second != 0), "law 17: the other one from it on");
                vm.revertToState(snapshot);
            }
        }
    }

    function _goes(address by, bytes memory data) private returns (bool success) {
        vm.prank(by);
        (success,) = address(escrow).call(data);
    }
}
