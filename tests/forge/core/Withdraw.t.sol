// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title WithdrawTest
/// @notice `withdraw`: whose credit, to whom, once.
contract WithdrawTest is CoreTest {
    address private constant ELSEWHERE = address(0xE15E);
    bytes private constant REFUSES = hex"5f5ffd";

    function testTheOwnerSendsATokenElsewhere() public {
        Terms memory terms = _creditedToken();
        begin(terms);
        vm.prank(payee);
        escrow.withdraw(address(token), payee, ELSEWHERE);
        emit IMilestoneEscrow.CreditWithdrawn(address(token), payee, ELSEWHERE, terms.amounts[0]);
        eventsAre();
        same(token.balanceOf(ELSEWHERE), terms.amounts[0], "law 13: what is withdrawn");
        same(token.balanceOf(address(escrow)), terms.amounts[1], "law 1: what remains");
        same(escrow.credits(address(token), payee), 0, "law 13: what remains credited");
        refused(payee, _withdraw(terms.token, payee, payee), _nothing(terms.token, payee));
    }

    function testTheOwnerSendsTheCoinElsewhere() public {
        Terms memory terms = _creditedCoin();
        begin(terms);
        vm.prank(payee);
        escrow.withdraw(address(0), payee, ELSEWHERE);
        emit IMilestoneEscrow.CreditWithdrawn(address(0), payee, ELSEWHERE, terms.amounts[0]);
        eventsAre();
        same(ELSEWHERE.balance, terms.amounts[0], "law 13: what is withdrawn");
        same(address(escrow).balance, terms.amounts[1], "law 1: what remains");
        same(escrow.credits(address(0), payee), 0, "law 13: what remains credited");
    }

    function testAnybodyPushesACreditToItsOwner() public {
        Terms memory terms = _creditedToken();
        token.setDenied(payee, false);
        begin(terms);
        vm.prank(stranger);
        escrow.withdraw(address(token), payee, payee);
        emit IMilestoneEscrow.CreditWithdrawn(address(token), payee, payee, terms.amounts[0]);
        eventsAre();
        same(token.balanceOf(payee), terms.amounts[0], "law 13: what is pushed");
        same(escrow.credits(address(token), payee), 0, "law 13: what remains credited");

        terms = _creditedCoin();
        vm.etch(payee, "");
        vm.prank(stranger);
        escrow.withdraw(address(0), payee, payee);
        same(payee.balance, terms.amounts[0], "law 13: what is pushed of the coin");
    }

    function testOnlyTheOwnerSendsItElsewhere() public {
        Terms memory terms = _creditedToken();
        address[6] memory others = [client, freelancer, arbiter, stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            // To the caller, to somebody else, and to nobody.
            bytes memory expected = abi.encodeWithSelector(IMilestoneEscrow.NotCreditOwner.selector, others[k], payee);
            refused(others[k], _withdraw(terms.token, payee, others[k]), expected);
            refused(others[k], _withdraw(terms.token, payee, LOWEST), expected);
            refused(others[k], _withdraw(terms.token, payee, HIGHEST), expected);
            refused(others[k], _withdraw(terms.token, payee, address(0)), expected);
        }
    }

    function testToWhomCanHoldMoney() public {
        Terms memory terms = _creditedToken();
        refused(payee, _withdraw(terms.token, payee, address(0)), _invalid(address(0)));
        refused(payee, _withdraw(terms.token, payee, address(escrow)), _invalid(address(escrow)));
        // Before it is known whether there is a credit.
        refused(stranger, _withdraw(address(0), stranger, address(escrow)), _invalid(address(escrow)));
        vm.prank(payee);
        escrow.withdraw(terms.token, payee, LOWEST);
        same(token.balanceOf(LOWEST), terms.amounts[0], "law 13: any other address");
    }

    function testToAddressesAboveAndBelowTheEscrow() public {
        Terms memory terms = _creditedToken();
        vm.prank(payee);
        escrow.withdraw(terms.token, payee, HIGHEST);
        same(token.balanceOf(HIGHEST), terms.amounts[0], "law 13: any other address");
    }

    function testNothingIsWithdrawnWithoutACredit() public {
        Terms memory terms = _creditedToken();
        refused(client, _withdraw(terms.token, client, client), _nothing(terms.token, client));
        refused(payee, _withdraw(address(0), payee, ELSEWHERE), _nothing(address(0), payee));
    }

    function testARecipientThatRefusesKeepsTheCredit() public {
        Terms memory terms = _creditedCoin();
        refused(payee, _withdraw(address(0), payee, payee), abi.encodeWithSelector(Errors.FailedCall.selector));
        same(escrow.credits(address(0), payee), terms.amounts[0], "law 13: a credit waits");
        terms = _creditedToken();
        refused(
            payee,
            _withdraw(terms.token, payee, payee),
            abi.encodeWithSelector(PracticeToken.AccountDenied.selector, payee)
        );
        same(escrow.credits(terms.token, payee), terms.amounts[0], "law 13: a credit waits");
    }

    /// The payee refused the first of two milestones.
    function _creditedToken() private returns (Terms memory terms) {
        terms = fixedPrice(oddAmounts(2));
        fund(terms, 3);
        approve(terms, 1, new uint16[](0));
        token.setDenied(payee, true);
        release(terms, 1);
        same(escrow.credits(address(token), payee), terms.amounts[0], "law 13: what was refused is credited");
    }

    function _creditedCoin() private returns (Terms memory terms) {
        terms = inCoin(fixedPrice(oddAmounts(2)));
        fund(terms, 3);
        approve(terms, 1, new uint16[](0));
        vm.etch(payee, REFUSES);
        release(terms, 1);
        same(escrow.credits(address(0), payee), terms.amounts[0], "law 13: what was refused is credited");
    }

    function _withdraw(address asset, address owner, address to) private view returns (bytes memory) {
        return abi.encodeCall(escrow.withdraw, (asset, owner, to));
    }

    function _invalid(address to) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, to);
    }

    function _nothing(address asset, address owner) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.NothingToWithdraw.selector, asset, owner);
    }
}
