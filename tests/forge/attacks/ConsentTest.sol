// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {Amendment, Approval, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title ConsentTest
/// @notice What the attacks on signatures share: every act that counts a signature of a party, what that party signs,
/// who carries it, and who ends with what.
/// @dev Every act is one over milestone 0 of `AMOUNT`, which `stage` brings to where the act is possible.
abstract contract ConsentTest is AttackTest {
    /// The acts that count a signature, named after the function; the last word is the carrier.
    enum Kind {
        FundByClient,
        AcceptByStranger,
        ReleaseByStranger,
        SettleByClient,
        SettleByFreelancer,
        AmendByClient
    }

    uint256 internal constant KINDS = 6;
    uint256 internal constant AMOUNT = 1000;
    uint40 internal constant EXPIRES = uint40(BEGIN + 1000 days);

    /// The order of the curve: the `s` of a signature and that of its twin add up to it.
    uint256 internal constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    bytes32 private constant RECEIVE_TYPE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    // The acts

    /// Funds milestone 0, accepted where the act is about an accepted one. Needs no signature.
    function stage(Kind kind, Terms memory terms) internal {
        if (kind == Kind.FundByClient) return;
        vm.prank(terms.client);
        escrow.fund(terms, 1, "");
        if (kind == Kind.AcceptByStranger) return;
        vm.prank(terms.freelancer);
        escrow.accept(terms, 1, "");
    }

    function signerOf(Kind kind, Terms memory terms) internal pure returns (address) {
        bool isClient = kind == Kind.ReleaseByStranger || kind == Kind.SettleByFreelancer;
        return isClient ? terms.client : terms.freelancer;
    }

    function keyOf(Kind kind) internal pure returns (uint256) {
        return kind == Kind.ReleaseByStranger || kind == Kind.SettleByFreelancer ? CLIENT_KEY : FREELANCER_KEY;
    }

    function carrierOf(Kind kind, Terms memory terms) internal view returns (address) {
        if (kind == Kind.AcceptByStranger || kind == Kind.ReleaseByStranger) return stranger;
        return kind == Kind.SettleByFreelancer ? terms.freelancer : terms.client;
    }

    /// What the signer signs: `acceptance` is the digest of the terms here, `agreement` is an id,
    /// `replacement` the struct hash of the new terms.
    function digestOf(Kind kind, bytes32 acceptance, bytes32 agreement, bytes32 replacement)
        internal
        view
        returns (bytes32)
    {
        if (kind == Kind.FundByClient || kind == Kind.AcceptByStranger) return acceptance;
        if (kind == Kind.ReleaseByStranger) return approvalDigest(agreement, 1, new uint16[](0));
        if (kind == Kind.AmendByClient) return amendmentDigest(agreement, replacement, amendmentWith(""));
        return settlementDigest(agreement, division(), EXPIRES);
    }

    function digestOf(Kind kind, Terms memory terms) internal view returns (bytes32) {
        return digestOf(kind, idOf(terms), idOf(terms), hashOf(replacementOf(terms)));
    }

    function signatureOf(Kind kind, Terms memory terms) internal view returns (bytes memory) {
        return sign(keyOf(kind), digestOf(kind, terms));
    }

    function callOf(Kind kind, Terms memory terms, bytes memory signature) internal view returns (bytes memory) {
        if (kind == Kind.FundByClient) return abi.encodeCall(escrow.fund, (terms, 1, signature));
        if (kind == Kind.AcceptByStranger) return abi.encodeCall(escrow.accept, (terms, 1, signature));
        if (kind == Kind.ReleaseByStranger) {
            return abi.encodeCall(escrow.release, (terms, 1, approvalWith(1, signature)));
        }
        if (kind == Kind.AmendByClient) {
            return abi.encodeCall(escrow.amend, (terms, replacementOf(terms), amendmentWith(signature)));
        }
        return abi.encodeCall(escrow.settle, (terms, division(), EXPIRES, signature));
    }

    /// Carries the act and checks who ends with what.
    function succeeds(Kind kind, Terms memory terms, bytes memory signature, string memory law) internal {
        Books memory books = booksOf(terms);
        bytes memory data = callOf(kind, terms, signature);
        vm.prank(carrierOf(kind, terms));
        (bool success, bytes memory answer) = address(escrow).call(data);
        holds(success, string.concat(law, ": refused with ", vm.toString(answer)));
        outcome(kind, books);
        sameBooks(booksOf(terms), books, law);
        same(uint8(statusIn(escrow.agreementId(terms))), uint8(endOf(kind)), string.concat(law, ": the status"));
    }

    /// Carries the act, expects `error`, and that nothing changed.
    function fails(Kind kind, Terms memory terms, bytes memory signature, bytes memory error, string memory law)
        internal
    {
        Books memory books = booksOf(terms);
        uint256 statuses = escrow.statusesOf(escrow.agreementId(terms));
        refuses(carrierOf(kind, terms), callOf(kind, terms, signature), error, law);
        sameBooks(booksOf(terms), books, law);
        same(escrow.statusesOf(escrow.agreementId(terms)), statuses, string.concat(law, ": the statuses"));
    }

    /// The act fails because the signature does not count.
    function isInvalid(Kind kind, Terms memory terms, bytes memory signature, string memory law) internal {
        bytes memory error = signatureInvalid(signerOf(kind, terms), digestOf(kind, terms));
        fails(kind, terms, signature, error, law);
    }

    function outcome(Kind kind, Books memory books) internal pure {
        if (kind == Kind.FundByClient) (books.client, books.escrow) = (books.client - AMOUNT, books.escrow + AMOUNT);
        if (kind == Kind.ReleaseByStranger) paid(books, AMOUNT, 0, 0);
        if (kind == Kind.SettleByClient || kind == Kind.SettleByFreelancer) paid(books, 600, 400, 0);
        if (kind == Kind.AmendByClient) paid(books, 600, 0, 0);
    }

    /// The status of milestone 0 after the act.
    function endOf(Kind kind) internal pure returns (Status) {
        if (kind == Kind.FundByClient || kind == Kind.AcceptByStranger) return Status.Active;
        return kind == Kind.ReleaseByStranger ? Status.Paid : Status.Split;
    }

    function statusIn(bytes32 agreement) internal view returns (Status) {
        return Status(escrow.statusesOf(agreement) & 0xf);
    }

    // What is signed

    function division() internal pure returns (Division memory) {
        return Division(0, 600, 400);
    }

    /// The terms that an amendment leads to: what the client gets back, once more.
    function replacementOf(Terms memory terms) internal pure returns (Terms memory replacement) {
        replacement = abi.decode(abi.encode(terms), (Terms));
        replacement.scope = keccak256("replacement");
        replacement.amounts[0] = 400;
    }

    function amendmentWith(bytes memory signature) internal pure returns (Amendment memory amendment) {
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = division();
        amendment.funded = 1;
        amendment.expiresAt = EXPIRES;
        amendment.signature = signature;
    }

    function approvalWith(uint64 milestones, bytes memory signature) internal pure returns (Approval[] memory) {
        return only(Approval(milestones, new uint16[](0), signature));
    }

    function only(Approval memory approval) internal pure returns (Approval[] memory approvals) {
        approvals = new Approval[](1);
        approvals[0] = approval;
    }

    function only(uint16 units) internal pure returns (uint16[] memory list) {
        list = new uint16[](1);
        list[0] = units;
    }

    /// The client's authorisation of the sum of `milestones`, valid until the offers expire.
    function authorize(Terms memory terms, uint64 milestones) internal view returns (Authorization memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CLIENT_KEY, authorizationDigest(terms, milestones));
        return Authorization(0, EXPIRES, v, r, s);
    }

    function authorizationDigest(Terms memory terms, uint64 milestones) internal view returns (bytes32) {
        bytes32 message = keccak256(
            abi.encode(
                RECEIVE_TYPE,
                terms.client,
                address(escrow),
                sumOf(terms, milestones),
                0,
                EXPIRES,
                nonceOf(terms, milestones)
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", PracticeToken(terms.token).DOMAIN_SEPARATOR(), message));
    }

    function nonceOf(Terms memory terms, uint64 milestones) internal view returns (bytes32) {
        return keccak256(abi.encode(idOf(terms), milestones));
    }

    function authorizationInvalid(Terms memory terms, uint64 milestones) internal view returns (bytes memory) {
        return
            abi.encodeWithSelector(
                PracticeToken.AuthorizationInvalid.selector, terms.client, nonceOf(terms, milestones)
            );
    }

    // Errors

    function signatureInvalid(address signer, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.SignatureInvalid.selector, signer, digest);
    }

    function wrongStatus(bytes32 agreement, uint256 milestone, Status status) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, agreement, milestone, status);
    }

    function notFunded(bytes32 agreement) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.AgreementNotFunded.selector, agreement);
    }

    function belowClaim(Terms memory terms, uint256 milestone, uint256 approved, uint256 claimed)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IMilestoneEscrow.ApprovalBelowClaim.selector, idOf(terms), milestone, approved, claimed
        );
    }

    function notFreelancer(address by, Terms memory terms) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.NotFreelancer.selector, by, terms.freelancer);
    }
}
