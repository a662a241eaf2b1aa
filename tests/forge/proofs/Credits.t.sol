// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ProofTest} from "./ProofTest.sol";

/// @title Refusing
/// @notice Takes no coin.
contract Refusing {}

/// @title CreditsProof
/// @notice Laws 7 and 13: a credit is what failed to be paid, its owner alone sends it elsewhere, and it is paid once.
contract CreditsProof is ProofTest {
    address private constant ELSEWHERE = address(0xE15E);

    /// For every amount that a client refuses.
    function check_creditIsWhatWasOwed(uint128 amount) public {
        if (amount == 0) return;
        Terms memory terms = _terms();
        terms.client = address(new Refusing());
        terms.amounts = new uint256[](1);
        terms.amounts[0] = amount;
        escrow.put(escrow.agreementId(terms), uint256(Status.Active));
        vm.deal(address(escrow), amount);
        if (!_call(FREELANCER, 1, abi.encodeCall(IMilestoneEscrow.refund, (terms, 1)))) return;
        assert(escrow.credits(address(0), terms.client) == amount);
        assert(escrow.credits(address(0), PAYEE) == 0 && PAYEE.balance == 0);
        assert(address(escrow).balance == amount);
    }

    /// For every credit and every caller.
    function check_withdrawPaysTheCreditOnce(uint128 credit, address caller, bool redirects) public {
        escrow.putCredit(address(0), PAYEE, credit);
        vm.deal(address(escrow), 2 * uint256(credit));
        address to = redirects ? ELSEWHERE : PAYEE;
        bytes memory data = abi.encodeCall(IMilestoneEscrow.withdraw, (address(0), PAYEE, to));
        if (!_call(caller, 1, data)) return;
        assert(to.balance == credit && credit != 0);
        assert(caller == PAYEE || !redirects);
        assert(escrow.credits(address(0), PAYEE) == 0);
        assert(!_call(caller, 1, data));
    }

    /// A withdrawal touches nobody else's credit.
    function check_withdrawLeavesOthers(uint128 credit, uint128 others, address other) public {
        if (other == PAYEE) return;
        escrow.putCredit(address(0), PAYEE, credit);
        escrow.putCredit(address(0), other, others);
        vm.deal(address(escrow), uint256(credit) + others);
        if (!_call(PAYEE, 1, abi.encodeCall(IMilestoneEscrow.withdraw, (address(0), PAYEE, PAYEE)))) return;
        assert(escrow.credits(address(0), other) == others);
        assert(address(escrow).balance == others);
    }
}
