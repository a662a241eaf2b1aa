// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Consents} from "../../../contracts/libraries/Consents.sol";
import {TermsLib} from "../../../contracts/libraries/TermsLib.sol";
import {Approval, Division, Terms} from "../../../contracts/types/EscrowTypes.sol";

/// @title BindingProof
/// @notice Laws 11 and 18: two different terms, approvals or settlements never share a hash.
/// @dev With Keccak taken as free of collisions, for every value of every field; lists of one or two.
contract BindingProof {
    function check_termsOfOneAmount(Terms memory a, Terms memory b, uint256 x, uint256 y) public view {
        a.amounts = new uint256[](1);
        b.amounts = new uint256[](1);
        a.amounts[0] = x;
        b.amounts[0] = y;
        if (this.hashTerms(a) != this.hashTerms(b)) return;
        assert(a.client == b.client && a.freelancer == b.freelancer && a.payee == b.payee && a.arbiter == b.arbiter);
        assert(a.token == b.token && a.reviewPeriod == b.reviewPeriod && a.responsePeriod == b.responsePeriod);
        assert(a.rulingPeriod == b.rulingPeriod && a.arbiterFeeBps == b.arbiterFeeBps && a.defaultBps == b.defaultBps);
        assert(a.start == b.start && a.period == b.period && a.units == b.units);
        assert(a.scope == b.scope && a.salt == b.salt && x == y);
    }

    function check_termsOfTwoAmounts(Terms memory a, uint256 x, uint256 y, uint256 z, uint256 w) public view {
        a.amounts = new uint256[](2);
        (a.amounts[0], a.amounts[1]) = (x, y);
        bytes32 first = this.hashTerms(a);
        (a.amounts[0], a.amounts[1]) = (z, w);
        if (first == this.hashTerms(a)) assert(x == z && y == w);
    }

    function check_termsOfOtherLength(Terms memory a, uint256 x, uint256 y, uint256 z) public view {
        a.amounts = new uint256[](1);
        a.amounts[0] = x;
        bytes32 first = this.hashTerms(a);
        a.amounts = new uint256[](2);
        (a.amounts[0], a.amounts[1]) = (y, z);
        assert(first != this.hashTerms(a));
    }

    /// Of any two of the first four milestones, with any units.
    function check_approvals(bytes32 one, bytes32 other, uint64 a, uint64 b, uint16 u, uint16 v) public view {
        if (a == 0 || b == 0 || a >= 16 || b >= 16) return;
        if (this.hashApproval(a, u, one) != this.hashApproval(b, v, other)) return;
        assert(one == other && a == b && u == v);
    }

    function check_settlements(Division memory a, Division memory b, bytes32 one, bytes32 other, uint40 s, uint40 t)
        public
        view
    {
        if (this.hashSettlement(a, one, s) != this.hashSettlement(b, other, t)) return;
        assert(one == other && s == t && a.milestone == b.milestone);
        assert(a.toFreelancer == b.toFreelancer && a.toClient == b.toClient);
    }

    function hashTerms(Terms calldata terms) external pure returns (bytes32) {
        return TermsLib.hash(terms, 0);
    }

    function hashApproval(uint64 milestones, uint16 units, bytes32 agreement) external view returns (bytes32) {
        uint16[] memory list = new uint16[](1);
        list[0] = units;
        return this.hash(Approval(milestones, list, ""), agreement);
    }

    function hash(Approval calldata approval, bytes32 agreement) external pure returns (bytes32) {
        return Consents.hash(approval, agreement);
    }

    function hashSettlement(Division calldata division, bytes32 agreement, uint40 expiresAt)
        external
        pure
        returns (bytes32)
    {
        return Consents.hash(division, agreement, expiresAt);
    }
}
