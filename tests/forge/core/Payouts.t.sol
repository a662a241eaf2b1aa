// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {Vm, vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";
import {OddToken} from "./OddToken.sol";

/// @title PayoutsTest
/// @notice Push, else credit: who is credited what, and the gas that a failure must be given.
contract PayoutsTest is CoreTest {
    uint256 private constant FLOOR = 250_000;
    uint256 private constant CAP = 200_000;
    /// What the EVM adds to a call that carries the coin.
    uint256 private constant STIPEND = 2300;
    bytes private constant REFUSES = hex"5f5ffd";
    bytes private constant STOPS = hex"00";
    /// Keeps the gas it was given, in slot 0.
    bytes private constant KEEPS_GAS = hex"5a5f55";
    /// Keeps how many bytes it was called with, plus one, in slot 0.
    bytes private constant KEEPS_SIZE = hex"366001015f55";

    function testWhatIsRefusedIsCredited() public {
        Terms memory terms = inCoin(fixedPrice(oddAmounts(4)));
        fund(terms, 0xf);
        vm.etch(payee, REFUSES);
        submit(terms, 0, 6007);
        approve(terms, 1, units(6007));
        uint256 claim = terms.amounts[0] * 6007 / WHOLE;
        vm.recordLogs();
        release(terms, 1);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 1, claim, terms.amounts[0] - claim);
        emit IMilestoneEscrow.PayoutCredited(idOf(terms), payee, address(0), claim);
        eventsAre();
        same(escrow.credits(address(0), payee), claim, "law 13: what was refused");
        same(escrow.credits(address(0), client), 0, "law 13: the client took theirs");
        same(address(escrow).balance, sumOf(terms, 0xe) + claim, "law 1: a credit is held");

        // A second adds to the first.
        approve(terms, 2, new uint16[](0));
        release(terms, 2);
        same(escrow.credits(address(0), payee), claim + terms.amounts[1], "law 13: credits add up");
    }

    function testEveryRecipientOfATokenIsCredited() public {
        Terms memory terms = fixedPrice(oddAmounts(4));
        fund(terms, 0xf);
        dispute(terms, 3, 10_000, freelancer);
        token.setDenied(payee, true);
        token.setDenied(client, true);
        token.setDenied(arbiter, true);
        uint256 fee = terms.amounts[3] * 500 / WHOLE;
        uint256 toClient = terms.amounts[3] - fee - 10_001;
        vm.recordLogs();
        vm.prank(arbiter);
        escrow.rule(terms, 3, 10_001, 0);
        emit IMilestoneEscrow.MilestoneRuled(idOf(terms), 3, 10_001, toClient, fee, 0);
        emit IMilestoneEscrow.PayoutCredited(idOf(terms), payee, address(token), 10_001);
        emit IMilestoneEscrow.PayoutCredited(idOf(terms), client, address(token), toClient);
        emit IMilestoneEscrow.PayoutCredited(idOf(terms), arbiter, address(token), fee);
        eventsAre();
        same(escrow.credits(address(token), payee), 10_001, "law 13: the payee's");
        same(escrow.credits(address(token), client), toClient, "law 13: the client's");
        same(escrow.credits(address(token), arbiter), fee, "law 13: the arbiter's");
        same(token.balanceOf(address(escrow)), sumOf(terms, 0xf), "law 1: credits are held");
    }

    function testATokenThatAnswersFalseHasNotDelivered() public {
        OddToken odd = new OddToken();
        Terms memory terms = fixedPrice(1_000_003);
        terms.token = address(odd);
        odd.mint(client, 1_000_003);
        vm.prank(client);
        odd.approve(address(escrow), 1_000_003);
        fund(terms, 1);
        odd.setRefusing(true);
        vm.prank(freelancer);
        escrow.refund(terms, 1);
        same(escrow.credits(address(odd), client), 1_000_003, "law 13: what the token refused");
    }

    function testNothingIsSentWhereNothingIsDue() public {
        Terms memory terms = inCoin(fixedPrice(oddAmounts(2)));
        vm.etch(payee, KEEPS_SIZE);
        fund(terms, 3);
        vm.prank(freelancer);
        escrow.refund(terms, 1);
        vm.prank(freelancer);
        escrow.dispute(terms, 1, 9000, 0);
        same(uint256(vm.load(payee, 0)), 0, "law 3: nothing due, no call");
    }

    function testTheEventComesBeforeTheMoney() public {
        Terms memory terms = fixedPrice(oddAmounts(2));
        fund(terms, 3);
        vm.recordLogs();
        vm.prank(freelancer);
        escrow.refund(terms, 1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        same(logs.length, 2, "law 3: one event and one transfer");
        holds(logs[0].emitter == address(escrow), "law 14: the event first");
        holds(logs[1].emitter == address(token), "law 14: then the transfer");
    }

    function testTheCoinComesWithoutDataAndWithTheCappedGas() public {
        Terms memory terms = inCoin(fixedPrice(oddAmounts(2)));
        fund(terms, 3);
        approve(terms, 3, new uint16[](0));
        vm.etch(payee, KEEPS_GAS);
        release(terms, 1);
        // The instruction that reads the gas costs two itself.
        same(uint256(vm.load(payee, 0)), CAP + STIPEND - 2, "law 13: the gas of a push");
        vm.etch(payee, KEEPS_SIZE);
        release(terms, 2);
        same(uint256(vm.load(payee, 0)), 1, "law 14: a push carries no data");
        same(payee.balance, sumOf(terms, 3), "law 3: both arrived");
    }

    function testAFailedPushOfTheCoinHadTheFloor() public {
        Terms memory terms = inCoin(fixedPrice(oddAmounts(2)));
        _atTheFloor(terms, payee, REFUSES, 1_000_003, 0);
    }

    function testADeliveredPushOfTheCoinToCodeHadTheFloor() public {
        Terms memory terms = inCoin(fixedPrice(oddAmounts(2)));
        _atTheFloor(terms, payee, STOPS, 0, 1_000_003);
    }

    function testAFailedPushOfATokenHadTheFloor() public {
        Terms memory terms = fixedPrice(oddAmounts(2));
        token.setDenied(payee, true);
        _atTheFloor(terms, payee, NONE, 1_000_003, 0);
    }

    function testAFailedPushOfATokenToCodeHadTheFloor() public {
        Terms memory terms = fixedPrice(oddAmounts(2));
        token.setDenied(payee, true);
        _atTheFloor(terms, payee, STOPS, 1_000_003, 0);
    }

    function testTheOnlyPushOfARefundHadTheFloor() public {
        Terms memory terms = fixedPrice(oddAmounts(1));
        fund(terms, 1);
        token.setDenied(client, true);
        vm.prank(freelancer);
        (bool success, bytes memory answer) =
            address(escrow).call{gas: FLOOR}(abi.encodeCall(escrow.refund, (terms, 1)));
        holds(!success && _gasLeft(answer) < FLOOR, "law 13: less than the floor");
    }

    function testADeliveredPushNeedsLess() public {
        // The coin to an account without code, a token to one with code.
        Terms memory terms = inCoin(fixedPrice(oddAmounts(2)));
        fund(terms, 3);
        approve(terms, 3, new uint16[](0));
        begin(terms);
        escrow.release{gas: FLOOR - 1}(terms, 1, approvals());
        paid(terms, 0, terms.amounts[0], 0);

        terms = fixedPrice(oddAmounts(2));
        fund(terms, 3);
        approve(terms, 3, new uint16[](0));
        vm.etch(payee, STOPS);
        begin(terms);
        escrow.release{gas: FLOOR - 1}(terms, 1, approvals());
        paid(terms, 0, terms.amounts[0], 0);
    }

    function testAfterACreditATokenNeedsNoFloor() public {
        Terms memory terms = fixedPrice(oddAmounts(1));
        bytes memory ruling = _disputed(terms, 10_001);
        uint256 fee = terms.amounts[0] * 500 / WHOLE;
        uint256 toClient = terms.amounts[0] - fee - 10_001;
        uint256 state = vm.snapshotState();

        // All three.
        token.setDenied(payee, true);
        token.setDenied(client, true);
        token.setDenied(arbiter, true);
        uint256 least = _least(ruling);
        holds(_rules(ruling, least), "law 16: all three refuse");
        same(escrow.credits(address(token), payee), 10_001, "law 13: the payee's");
        same(escrow.credits(address(token), client), toClient, "law 13: the client's");
        same(escrow.credits(address(token), arbiter), fee, "law 13: the arbiter's");
        vm.revertToState(state);

        // The client takes theirs in between.
        token.setDenied(payee, true);
        token.setDenied(arbiter, true);
        uint256 before = token.balanceOf(client);
        holds(_rules(ruling, least), "law 16: the first and the last refuse");
        same(escrow.credits(address(token), arbiter), fee, "law 13: the arbiter's");
        same(token.balanceOf(client), before + toClient, "law 3: the client's");
        vm.revertToState(state);

        // Nothing is due to the client in between.
        token.setDenied(payee, true);
        token.setDenied(arbiter, true);
        bytes memory toOne = abi.encodeCall(escrow.rule, (terms, 0, terms.amounts[0] - fee, 0));
        holds(_rules(toOne, _least(toOne)), "law 16: nothing for the one between");
        same(escrow.credits(address(token), arbiter), fee, "law 13: the arbiter's");
        vm.revertToState(state);

        // Where the first takes theirs, the next that fails must have had the floor.
        token.setDenied(client, true);
        holds(!_rules(ruling, least), "law 13: delivered before");
        vm.revertToState(state);
        token.setDenied(arbiter, true);
        holds(!_rules(ruling, least), "law 13: two delivered before");
    }

    function testAfterACreditTheCoinNeedsTheFloorAllTheSame() public {
        Terms memory terms = inCoin(fixedPrice(oddAmounts(1)));
        bytes memory ruling = _disputed(terms, 10_001);
        vm.etch(payee, REFUSES);
        uint256 least = _least(ruling);
        bytes[2] memory codes = [REFUSES, STOPS];
        for (uint256 k = 0; k < codes.length; ++k) {
            vm.etch(client, codes[k]);
            holds(!_rules(ruling, least), "law 13: less than the floor before the second");
        }
        vm.etch(client, NONE);
        holds(_rules(ruling, least), "law 13: an account without code takes it");
        same(escrow.credits(address(0), payee), 10_001, "law 13: the payee's");
    }

    /// A dispute of the whole; returns a ruling that pays all three.
    function _disputed(Terms memory terms, uint256 toFreelancer) private returns (bytes memory) {
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
        return abi.encodeCall(escrow.rule, (terms, 0, toFreelancer, 0));
    }

    /// The gas with which exactly the floor is left when the first push begins, which must fail.
    function _least(bytes memory ruling) private returns (uint256) {
        vm.prank(arbiter);
        (bool success, bytes memory answer) = address(escrow).call{gas: FLOOR}(ruling);
        holds(!success, "law 13: less than the floor");
        return 2 * FLOOR - _gasLeft(answer);
    }

    function _rules(bytes memory ruling, uint256 gas_) private returns (bool success) {
        bytes memory answer;
        vm.prank(arbiter);
        (success, answer) = address(escrow).call{gas: gas_}(ruling);
        holds(success || _gasLeft(answer) < FLOOR, "law 13: refused for its gas");
    }

    /// Milestone 0 is released with such gas that exactly the floor is left when the push begins, and with one less.
    function _atTheFloor(Terms memory terms, address to, bytes memory code, uint256 credited, uint256 delivered)
        private
    {
        fund(terms, 3);
        approve(terms, 3, new uint16[](0));
        vm.etch(to, code);
        bytes memory call = abi.encodeCall(escrow.release, (terms, 1, approvals()));

        // What a call spends before the push is the same each time, because a refusal undoes all of it.
        (bool success, bytes memory answer) = address(escrow).call{gas: FLOOR}(call);
        holds(!success, "law 13: less than the floor");
        uint256 spent = FLOOR - _gasLeft(answer);
        (success, answer) = address(escrow).call{gas: FLOOR + spent - 1}(call);
        holds(!success, "law 13: one less than the floor");
        holds(
            keccak256(answer)
                == keccak256(abi.encodeWithSelector(IMilestoneEscrow.GasTooLow.selector, FLOOR - 1, FLOOR)),
            "law 13: the gas left, and what is required"
        );
        (success,) = address(escrow).call{gas: FLOOR + spent}(call);
        holds(success, "law 13: the floor itself is enough");
        same(escrow.credits(terms.token, to), credited, "law 13: what is credited");
        same(balanceOf(terms.token, to), delivered, "law 13: what is delivered");
    }

    function _gasLeft(bytes memory answer) private pure returns (uint256 gasLeft) {
        require(bytes4(answer) == IMilestoneEscrow.GasTooLow.selector, "no GasTooLow");
        assembly ("memory-safe") {
            gasLeft := mload(add(answer, 36))
        }
    }
}
