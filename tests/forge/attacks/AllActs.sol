// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amendment, Approval, Authorization, Division, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title AllActs
/// @notice The calldata of every act of the contract, each alone and each inside a batch, for callees to attempt.
abstract contract AllActs is AttackTest {
    uint256 internal constant ACTS = 16;
    /// Each act alone, each in a batch, and a batch in a batch.
    uint256 internal constant ATTEMPTS = 2 * ACTS + 1;

    /// Act `k` upon `terms`, with whatever signatures it may need.
    function act(Terms memory terms, uint256 k) internal view returns (bytes memory) {
        if (k < ACTS) return _act(terms, k);
        if (k < 2 * ACTS) return batch(_act(terms, k - ACTS));
        return batch(batch(_act(terms, 15)));
    }

    function batch(bytes memory data) internal pure returns (bytes memory) {
        bytes[] memory calls = new bytes[](1);
        calls[0] = data;
        return abi.encodeCall(Multicall.multicall, (calls));
    }

    function guard() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
    }

    function _act(Terms memory terms, uint256 k) private view returns (bytes memory) {
        if (k == 0) return abi.encodeCall(escrow.fund, (terms, 2, signTerms(FREELANCER_KEY, terms)));
        if (k == 1) return _fundWithAuthorization(terms);
        if (k == 2) return abi.encodeCall(escrow.permit, (terms.token, 1, type(uint256).max, 0, 0, 0));
        if (k == 3) return abi.encodeCall(escrow.accept, (terms, 1, signTerms(FREELANCER_KEY, terms)));
        if (k == 4) return abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0));
        if (k == 5) return abi.encodeCall(escrow.requestChanges, (terms, 0, 0));
        if (k == 6) return abi.encodeCall(escrow.requestRefund, (terms, 0, 0));
        if (k == 7) return abi.encodeCall(escrow.approve, (terms, 1, new uint16[](0)));
        if (k == 8) return _release(terms);
        if (k == 9) return abi.encodeCall(escrow.refund, (terms, 1));
        if (k == 10) return abi.encodeCall(escrow.dispute, (terms, 0, 10_000, 0));
        if (k == 11) return abi.encodeCall(escrow.rule, (terms, 0, 1, 0));
        if (k == 12) return abi.encodeCall(escrow.lapse, (terms, 0));
        if (k == 13) return _settle(terms);
        if (k == 14) return _amend(terms);
        return abi.encodeCall(escrow.withdraw, (terms.token, terms.payee, terms.payee));
    }

    function _fundWithAuthorization(Terms memory terms) private view returns (bytes memory) {
        Authorization memory authorization;
        return abi.encodeCall(escrow.fundWithAuthorization, (terms, 2, signTerms(FREELANCER_KEY, terms), authorization));
    }

    function _release(Terms memory terms) private view returns (bytes memory) {
        Approval[] memory approvals = new Approval[](1);
        approvals[0] = signApproval(CLIENT_KEY, terms, 1, new uint16[](0));
        return abi.encodeCall(escrow.release, (terms, 1, approvals));
    }

    function _settle(Terms memory terms) private view returns (bytes memory) {
        Division memory division = Division(0, terms.amounts[0], 0);
        uint40 expiresAt = type(uint40).max;
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, expiresAt);
        return abi.encodeCall(escrow.settle, (terms, division, expiresAt, offer));
    }

    function _amend(Terms memory terms) private view returns (bytes memory) {
        Terms memory replacement = abi.decode(abi.encode(terms), (Terms));
        replacement.salt = bytes32(uint256(1));
        Amendment memory amendment;
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
        return abi.encodeCall(escrow.amend, (terms, replacement, amendment));
    }
}
