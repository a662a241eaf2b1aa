// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {Authorization, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";
import {OddToken} from "./OddToken.sol";

/// @title FundWithAuthorizationTest
/// @notice `fundWithAuthorization`: the client's signature over a transfer that can fund nothing else.
contract FundWithAuthorizationTest is CoreTest {
    function testAnybodyFundsAnOffer() public {
        Terms memory terms = fixedPrice(manyAmounts());
        Authorization memory authorization = authorize(terms, 0x19, sumOf(terms, 0x19));
        begin(terms);
        vm.prank(stranger);
        escrow.fundWithAuthorization(terms, 0x19, NONE, authorization);
        emit IMilestoneEscrow.MilestonesFunded(idOf(terms), client, freelancer, 0x19, sumOf(terms, 0x19), false, terms);
        eventsAre();
        paidIn(terms, sumOf(terms, 0x19));
        statusesAre(terms, 0x11001);
    }

    function testTheFreelancerFundsAsAccepted() public {
        Terms memory terms = metered(1_000_003, 240);
        Authorization memory authorization = authorize(terms, 1 << 63 | 1, 2_000_006);
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        begin(terms);
        vm.prank(freelancer);
        escrow.fundWithAuthorization(terms, 1 << 63 | 1, acceptance, authorization);
        emit IMilestoneEscrow.MilestonesFunded(idOf(terms), client, freelancer, 1 << 63 | 1, 2_000_006, true, terms);
        eventsAre();
        paidIn(terms, 2_000_006);
        statusesAre(terms, 2 + (2 << 252));
    }

    function testTheCoinIsNotFundedSo() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        refused(
            client, _call(terms, 0, NONE, 1), abi.encodeWithSelector(IMilestoneEscrow.TokenMissing.selector, address(0))
        );
    }

    function testTheAuthorisationIsOverTheseMilestonesAndThisSum() public {
        Terms memory terms = fixedPrice(manyAmounts());
        Authorization memory authorization = authorize(terms, 1, terms.amounts[0]);
        // The second milestone would cost another sum, the fourth agreement another nonce.
        refused(
            stranger, abi.encodeCall(escrow.fundWithAuthorization, (terms, 2, NONE, authorization)), _invalid(terms, 2)
        );
        Terms memory other = fixedPrice(manyAmounts());
        other.salt = bytes32(uint256(1));
        refused(
            stranger, abi.encodeCall(escrow.fundWithAuthorization, (other, 1, NONE, authorization)), _invalid(other, 1)
        );
        refused(stranger, _call(terms, 1, NONE, terms.amounts[0] + 1), _invalid(terms, 1));
        escrow.fundWithAuthorization(terms, 1, NONE, authorization);
        statusesAre(terms, 1);
    }

    function testAFalseAcceptanceIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        bytes memory acceptance = signTerms(STRANGER_KEY, terms);
        refused(stranger, _call(terms, 0, acceptance, 1), signatureInvalid(freelancer, idOf(terms)));
    }

    function testWhatIsFundedIsAsByFund() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refused(stranger, _call(terms, 0, NONE, 1), noMilestones());
        refused(stranger, _call(terms, 1 << 12, NONE, 1), outOfRange(terms, 12, 12));
        fund(terms, 1);
        refused(stranger, _call(terms, 1, NONE, terms.amounts[0]), wrongStatus(terms, 0, statusOf(terms, 0)));
        terms.amounts[11] = 0;
        refused(
            stranger,
            _call(terms, 1, NONE, terms.amounts[0]),
            abi.encodeWithSelector(IMilestoneEscrow.AmountOutOfRange.selector, 11, 0, type(uint128).max)
        );
    }

    function testTheTokenDeliversExactly() public {
        OddToken odd = new OddToken();
        Terms memory terms = fixedPrice(1_000_003);
        terms.token = address(odd);
        odd.mint(client, 10_000_000);
        odd.mint(address(escrow), 5);
        int256[3] memory errors = [int256(-1), 1, -1_000_004];
        for (uint256 k = 0; k < errors.length; ++k) {
            odd.setError(errors[k]);
            refused(
                stranger,
                _call(terms, 1, NONE, 1_000_003),
                abi.encodeWithSelector(
                    IMilestoneEscrow.TransferNotExact.selector, odd, 5, uint256(1_000_008 + errors[k]), 1_000_003
                )
            );
        }
        odd.setError(0);
        escrow.fundWithAuthorization(terms, 1, NONE, authorize(terms, 1, 1_000_003));
        same(odd.balanceOf(address(escrow)), 1_000_008, "law 1: what came in, and what lay there");
    }

    function _call(Terms memory terms, uint64 set, bytes memory acceptance, uint256 value)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(escrow.fundWithAuthorization, (terms, set, acceptance, authorize(terms, set, value)));
    }

    function _invalid(Terms memory terms, uint64 set) private view returns (bytes memory) {
        return abi.encodeWithSelector(PracticeToken.AuthorizationInvalid.selector, client, nonceOf(terms, set));
    }
}
