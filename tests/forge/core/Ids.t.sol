// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title IdsTest
/// @notice `agreementId`: the digest that wallets show, different for every field, the same for ever.
contract IdsTest is CoreTest {
    function testTheIdIsTheDigestOfTheTerms() public view {
        Terms memory terms = _distinct();
        holds(escrow.agreementId(terms) == idOf(terms), "law 18: the id is the EIP-712 digest");
        terms.amounts = oddAmounts(1);
        holds(escrow.agreementId(terms) == idOf(terms), "law 18: of one amount");
        terms.amounts = oddAmounts(0);
        holds(escrow.agreementId(terms) == idOf(terms), "law 18: of none");
    }

    function testEveryFieldIsInTheId() public view {
        bytes32[16] memory ids;
        for (uint256 k = 0; k < 16; ++k) {
            Terms memory terms = _distinct();
            if (k == 0) terms.client = stranger;
            if (k == 1) terms.freelancer = stranger;
            if (k == 2) terms.payee = stranger;
            if (k == 3) terms.arbiter = stranger;
            if (k == 4) terms.token = stranger;
            if (k == 5) terms.reviewPeriod += 1;
            if (k == 6) terms.responsePeriod += 1;
            if (k == 7) terms.rulingPeriod += 1;
            if (k == 8) terms.arbiterFeeBps += 1;
            if (k == 9) terms.defaultBps += 1;
            if (k == 10) terms.start += 1;
            if (k == 11) terms.period += 1;
            if (k == 12) terms.units += 1;
            if (k == 13) terms.scope = bytes32(uint256(terms.scope) + 1);
            if (k == 14) terms.salt = bytes32(uint256(terms.salt) + 1);
            if (k == 15) terms.amounts[2] += 1;
            ids[k] = escrow.agreementId(terms);
            holds(ids[k] == idOf(terms), "law 18: the id is the EIP-712 digest");
            holds(ids[k] != escrow.agreementId(_distinct()), "law 18: every field counts");
            for (uint256 j = 0; j < k; ++j) {
                holds(ids[k] != ids[j], "law 18: different terms, different ids");
            }
        }
    }

    function testTheDomainIsNamed() public view {
        (, string memory name, string memory version, uint256 chainId, address verifyingContract,,) =
            escrow.eip712Domain();
        holds(keccak256(bytes(name)) == keccak256("Milepost"), "law 11: the domain's name");
        holds(keccak256(bytes(version)) == keccak256("1"), "law 11: the domain's version");
        same(chainId, block.chainid, "law 11: the chain");
        holds(verifyingContract == address(escrow), "law 11: the contract");
    }

    function testIdsStayAndSignaturesFollowTheChain() public {
        Terms memory terms = fixedPrice(manyAmounts());
        bytes32 home = idOf(terms);
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(client);
        escrow.fund(terms, 3, NONE);

        vm.chainId(block.chainid + 1);
        holds(idOf(terms) != home, "law 11: another chain, another digest");
        holds(escrow.agreementId(terms) == home, "law 18: an agreement keeps its id");
        same(escrow.statusesOf(home), 0x11, "law 18: money stays within reach");
        refused(
            stranger, abi.encodeCall(escrow.accept, (terms, 1, acceptance)), signatureInvalid(freelancer, idOf(terms))
        );
        escrow.accept(terms, 1, signTerms(FREELANCER_KEY, terms));
        vm.prank(client);
        escrow.fund(terms, 4, signTerms(FREELANCER_KEY, terms));
        same(escrow.statusesOf(home), 0x212, "law 11: signatures follow the chain");
    }

    function testAnActOnOneAgreementLeavesOthersAlone() public {
        Terms memory terms = fixedPrice(manyAmounts());
        Terms memory other = fixedPrice(manyAmounts());
        other.salt = bytes32(uint256(1));
        everyStatus(terms);
        uint256 standing = escrow.statusesOf(idOf(terms));
        everyStatus(other);
        vm.prank(freelancer);
        escrow.refund(other, 1 << 4 | 1 << 6 | 1 << 7);
        statusesAre(terms, standing);
        clockIs(terms, 7, BEGIN, 10_000, 10_000);
    }

    /// No two fields alike.
    function _distinct() private view returns (Terms memory terms) {
        terms = metered(1, 240);
        terms.scope = keccak256("scope");
        terms.salt = keccak256("salt");
        terms.amounts = oddAmounts(3);
    }
}
