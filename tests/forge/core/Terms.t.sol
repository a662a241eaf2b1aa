// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title TermsTest
/// @notice The rules of the terms, each one below, at and one above its edge.
contract TermsTest is CoreTest {
    uint256 private constant MAX_AMOUNT = type(uint128).max;

    function testPartiesAreNamed() public {
        Terms memory terms = fixedPrice(1_000_003);
        terms.freelancer = address(0);
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.PartyMissing.selector, client, address(0)), client);
        terms.client = address(0);
        _broken(
            terms, abi.encodeWithSelector(IMilestoneEscrow.PartyMissing.selector, address(0), address(0)), address(0)
        );
        terms.freelancer = freelancer;
        _broken(
            terms, abi.encodeWithSelector(IMilestoneEscrow.PartyMissing.selector, address(0), freelancer), address(0)
        );
    }

    function testTheLowestAddressIsAParty() public {
        Terms memory terms = inCoin(fixedPrice(1_000_003));
        terms.client = LOWEST;
        vm.deal(LOWEST, 1_000_003);
        fund(terms, 1);
        terms = fixedPrice(1_000_003);
        terms.freelancer = LOWEST;
        _good(terms);
    }

    function testRolesAreDistinct() public {
        Terms memory terms = fixedPrice(1_000_003);
        terms.freelancer = client;
        _broken(terms, _notDistinct(client, client, arbiter));
        terms.freelancer = freelancer;
        terms.arbiter = client;
        _broken(terms, _notDistinct(client, freelancer, client));
        terms.arbiter = freelancer;
        _broken(terms, _notDistinct(client, freelancer, freelancer));
    }

    function testAnyOrderOfRolesIsGood() public {
        address[3] memory others = [address(0), LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            Terms memory terms = fixedPrice(1_000_003);
            terms.arbiter = others[k];
            _good(terms);
            if (others[k] == address(0)) continue;
            terms.arbiter = arbiter;
            terms.freelancer = others[k];
            _good(terms);
        }
    }

    function testThePayeeCanHoldMoney() public {
        Terms memory terms = fixedPrice(1_000_003);
        address[4] memory none = [address(0), address(escrow), address(token), arbiter];
        for (uint256 k = 0; k < none.length; ++k) {
            terms.payee = none[k];
            _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, none[k]));
        }
        address[5] memory some = [client, freelancer, stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < some.length; ++k) {
            terms.payee = some[k];
            _good(terms);
        }
    }

    function testThereIsATokenOrTheCoin() public {
        Terms memory terms = fixedPrice(1_000_003);
        terms.token = stranger;
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.TokenMissing.selector, stranger));
        vm.prank(client);
        escrow.fund{value: 1_000_003}(inCoin(fixedPrice(1_000_003)), 1, NONE);
    }

    function testOneToSixtyFourAmounts() public {
        _broken(fixedPrice(oddAmounts(0)), _count(0));
        _good(fixedPrice(oddAmounts(1)));
        _good(fixedPrice(oddAmounts(63)));
        _good(fixedPrice(oddAmounts(64)));
        _broken(fixedPrice(oddAmounts(65)), _count(65));
    }

    function testAmountsOfOneUnitToTheMost() public {
        Terms memory terms = fixedPrice(oddAmounts(5));
        uint256[3] memory milestones = [uint256(0), 3, 4];
        for (uint256 k = 0; k < milestones.length; ++k) {
            uint256 i = milestones[k];
            terms.amounts[i] = 0;
            _broken(terms, _amount(i, 0));
            terms.amounts[i] = MAX_AMOUNT + 1;
            _broken(terms, _amount(i, MAX_AMOUNT + 1));
            terms.amounts[i] = MAX_AMOUNT;
            _good(terms);
            terms.amounts[i] = 1;
            _good(terms);
        }
    }

    function testTheMostIsDividedWithoutOverflow() public {
        Terms memory terms = metered(MAX_AMOUNT, 32_767);
        fund(terms, 3);
        requestRefund(terms, 1);
        dispute(terms, 1, 32_766, freelancer);
        vm.warp(BEGIN + 30 days);
        begin(terms);
        escrow.lapse(terms, 1);
        uint256 open = MAX_AMOUNT * 32_766 / 32_767;
        paid(terms, open - open / 2, open / 2, 0);
    }

    function testTheArbitersFeeIsAtMostATenth() public {
        Terms memory terms = fixedPrice(1_000_003);
        terms.arbiterFeeBps = 1001;
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.ArbiterFeeTooHigh.selector, 1001, 1000));
        terms.arbiterFeeBps = 1000;
        _good(terms);
        terms.arbiterFeeBps = 0;
        _good(terms);
    }

    function testTheDefaultShareIsAtMostTheWhole() public {
        Terms memory terms = fixedPrice(1_000_003);
        terms.defaultBps = 10_001;
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.DefaultShareTooHigh.selector, 10_001, 10_000));
        terms.defaultBps = 10_000;
        _good(terms);
        terms.defaultBps = 0;
        _good(terms);
    }

    function testEveryPeriodIsBetweenAnHourAndAYear() public {
        uint32[3] memory bad = [0, 1 hours - 1, 365 days + 1];
        uint32[4] memory good = [1 hours, 1 hours + 1, 365 days - 1, 365 days];
        for (uint256 k = 0; k < bad.length; ++k) {
            Terms memory terms = metered(1_000_003, 240);
            terms.reviewPeriod = bad[k];
            _broken(terms, _period(IMilestoneEscrow.ReviewPeriodOutOfRange.selector, bad[k]));
            terms.reviewPeriod = 14 days;
            terms.responsePeriod = bad[k];
            _broken(terms, _period(IMilestoneEscrow.ResponsePeriodOutOfRange.selector, bad[k]));
            terms.responsePeriod = 7 days;
            terms.rulingPeriod = bad[k];
            _broken(terms, _period(IMilestoneEscrow.RulingPeriodOutOfRange.selector, bad[k]));
            terms.rulingPeriod = 30 days;
            terms.period = bad[k];
            // No period at all is a fixed price, which has no start.
            if (bad[k] == 0) _broken(terms, _metering(BEGIN, 240, 1));
            else _broken(terms, _period(IMilestoneEscrow.MeteringPeriodOutOfRange.selector, bad[k]));
        }
        for (uint256 k = 0; k < good.length; ++k) {
            Terms memory terms = metered(1_000_003, 240);
            terms.reviewPeriod = good[k];
            terms.responsePeriod = good[k];
            terms.rulingPeriod = good[k];
            terms.period = good[k];
            _good(terms);
        }
    }

    function testMeteringIsWholeOrNotAtAll() public {
        Terms memory terms = metered(1_000_003, 1);
        _good(terms);
        terms.units = 32_767;
        _good(terms);
        terms.units = 32_768;
        _broken(terms, _metering(BEGIN, 32_768, 1));
        terms.units = 0;
        _broken(terms, _metering(BEGIN, 0, 1));
        terms.units = 240;
        terms.start = 0;
        _broken(terms, _metering(0, 240, 1));
        terms.start = 1;
        _good(terms);
        terms.amounts = oddAmounts(2);
        _broken(terms, _metering(1, 240, 2));

        terms = fixedPrice(oddAmounts(2));
        terms.start = 1;
        _broken(terms, _metering(1, 0, 2));
        terms.start = 0;
        terms.units = 1;
        _broken(terms, _metering(0, 1, 2));
    }

    function testTheFirstBrokenRuleIsNamed() public {
        Terms memory terms = metered(0, 0);
        terms.freelancer = client;
        terms.payee = address(0);
        terms.token = stranger;
        terms.arbiterFeeBps = 1001;
        terms.defaultBps = 10_001;
        terms.reviewPeriod = 0;
        terms.responsePeriod = 0;
        terms.rulingPeriod = 0;
        terms.period = 1;
        _broken(terms, _notDistinct(client, client, arbiter));
        terms.freelancer = freelancer;
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, address(0)));
        terms.payee = payee;
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.TokenMissing.selector, stranger));
        terms.token = address(token);
        _broken(terms, _amount(0, 0));
        terms.amounts[0] = 1;
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.ArbiterFeeTooHigh.selector, 1001, 1000));
        terms.arbiterFeeBps = 0;
        _broken(terms, abi.encodeWithSelector(IMilestoneEscrow.DefaultShareTooHigh.selector, 10_001, 10_000));
        terms.defaultBps = 0;
        _broken(terms, _period(IMilestoneEscrow.ReviewPeriodOutOfRange.selector, 0));
        terms.reviewPeriod = 1 days;
        _broken(terms, _period(IMilestoneEscrow.ResponsePeriodOutOfRange.selector, 0));
        terms.responsePeriod = 1 days;
        _broken(terms, _period(IMilestoneEscrow.RulingPeriodOutOfRange.selector, 0));
        terms.rulingPeriod = 1 days;
        _broken(terms, _period(IMilestoneEscrow.MeteringPeriodOutOfRange.selector, 1));
        terms.period = 1 days;
        _broken(terms, _metering(BEGIN, 0, 1));
    }

    function _good(Terms memory terms) private {
        vm.prank(terms.client);
        escrow.fund(terms, 1, NONE);
        statusesAre(terms, 1);
        terms.salt = bytes32(uint256(terms.salt) + 1);
    }

    function _broken(Terms memory terms, bytes memory error) private {
        _broken(terms, error, client);
    }

    function _broken(Terms memory terms, bytes memory error, address caller) private {
        refused(caller, abi.encodeCall(escrow.fund, (terms, 1, NONE)), error);
    }

    function _notDistinct(address one, address two, address three) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.RolesNotDistinct.selector, one, two, three);
    }

    function _count(uint256 count) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.MilestoneCountOutOfRange.selector, count, 64);
    }

    function _amount(uint256 i, uint256 amount) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.AmountOutOfRange.selector, i, amount, MAX_AMOUNT);
    }

    function _period(bytes4 selector, uint256 period) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, period, 1 hours, 365 days);
    }

    function _metering(uint256 start, uint256 units_, uint256 amounts) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.MeteringInvalid.selector, start, units_, amounts);
    }
}
