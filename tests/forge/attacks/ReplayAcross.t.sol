// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Amendment, Approval, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {IEscrow} from "../utils/IEscrow.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title ReplayAcross
/// @notice Somebody carries a signature where it was not given: to another chain, to a second contract, to an agreement
/// of another salt, to another milestone or act, or as somebody else's. The attacker hopes that one yes counts twice.
///
/// What is signed names the act by its type, the agreement by its id, the milestones and the amounts, under a domain of
/// one contract on one chain. An acceptance is the exception in one respect: it is of the whole deal, and counts for
/// each of its milestones, once each.
contract ReplayAcross is ConsentTest {
    uint256 private _begin;
    Terms private _terms;

    function setUp() public override {
        // From here, the same addresses can be deployed to on another chain.
        uint256 begin = vm.snapshotState();
        super.setUp();
        _begin = begin;
        _terms = fixedPrice(oneByOne(2, AMOUNT));
    }

    /// The chain changes its id under the contract: old signatures stop, agreements stay, new signatures count.
    function test_on_a_chain_that_has_changed_its_id() public {
        Terms memory terms = _terms;
        bytes32 agreement = idOf(terms);
        bytes32 replacement = hashOf(replacementOf(terms));
        uint256 chain = block.chainid;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            bytes memory signature = signatureOf(kind, terms);
            vm.chainId(chain + 1);
            same(uint256(escrow.agreementId(terms)), uint256(agreement), "law 8: an agreement keeps its id");
            bytes32 digest = digestOf(kind, idOf(terms), agreement, replacement);
            fails(kind, terms, signature, signatureInvalid(signerOf(kind, terms), digest), "law 11: on another chain");
            succeeds(kind, terms, sign(keyOf(kind), digest), "law 16: what is signed for this chain");
            vm.chainId(chain);
            vm.revertToState(state);
        }
    }

    /// The same contract at the same address, on another chain.
    function test_at_the_same_address_on_another_chain() public {
        Terms memory terms = _terms;
        address here = address(escrow);
        bytes[] memory signatures = new bytes[](KINDS);
        for (uint256 k = 0; k < KINDS; ++k) {
            signatures[k] = signatureOf(Kind(k), terms);
        }
        Authorization memory authorization = authorize(terms, 1);

        vm.revertToState(_begin);
        vm.chainId(block.chainid + 1);
        super.setUp();
        holds(address(escrow) == here && address(token) == terms.token, "law 11: not at the same addresses");
        _noneCounts(terms, signatures);
        _authorizationOfAnotherKey(terms, authorization);
    }

    function test_on_a_second_contract() public {
        Terms memory terms = _terms;
        bytes[] memory signatures = new bytes[](KINDS);
        for (uint256 k = 0; k < KINDS; ++k) {
            signatures[k] = signatureOf(Kind(k), terms);
        }
        Authorization memory authorization = authorize(terms, 1);

        escrow = IEscrow(vm.deployCode("MilestoneEscrow.sol:MilestoneEscrow"));
        vm.prank(client);
        token.approve(address(escrow), type(uint256).max);
        _noneCounts(terms, signatures);
        _authorizationOfAnotherKey(terms, authorization);
    }

    function test_in_an_agreement_of_another_salt() public {
        Terms memory other = _terms;
        bytes[] memory signatures = new bytes[](KINDS);
        for (uint256 k = 0; k < KINDS; ++k) {
            signatures[k] = signatureOf(Kind(k), other);
        }
        Authorization memory authorization = authorize(other, 1);

        other.salt = bytes32(uint256(1));
        _noneCounts(other, signatures);
        _authorizationOfAnotherKey(other, authorization);
    }

    function test_for_another_act() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 from = 0; from < KINDS; ++from) {
            for (uint256 to = 0; to < KINDS; ++to) {
                if (digestOf(Kind(from), terms) == digestOf(Kind(to), terms) && keyOf(Kind(from)) == keyOf(Kind(to))) {
                    holds(from == to || (from < 2 && to < 2), "law 11: only acceptances are one thing in two calls");
                    continue;
                }
                stage(Kind(to), terms);
                isInvalid(Kind(to), terms, signatureOf(Kind(from), terms), "law 11: for another act");
                vm.revertToState(state);
            }
        }
    }

    function test_of_somebody_else() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            bytes32 digest = digestOf(kind, terms);
            uint256 other = keyOf(kind) == CLIENT_KEY ? FREELANCER_KEY : CLIENT_KEY;
            isInvalid(kind, terms, sign(STRANGER_KEY, digest), "law 11: a stranger's signature");
            isInvalid(kind, terms, sign(other, digest), "law 11: the other party's signature");
            succeeds(kind, terms, signatureOf(kind, terms), "law 11: the signer's own");
            vm.revertToState(state);
        }
    }

    /// The same person in another role: who is client here and freelancer there has signed for one of them.
    function test_of_the_same_person_in_another_role() public {
        Terms memory terms = _terms;
        (terms.client, terms.freelancer) = (terms.freelancer, terms.client);
        token.mint(terms.client, AMOUNT);
        vm.prank(terms.client);
        token.approve(address(escrow), AMOUNT);
        stage(Kind.ReleaseByStranger, terms);
        Terms memory mirror = _terms;
        isInvalid(
            Kind.ReleaseByStranger, terms, signatureOf(Kind.ReleaseByStranger, mirror), "law 11: of the other deal"
        );
        isInvalid(
            Kind.ReleaseByStranger,
            terms,
            signatureOf(Kind.ReleaseByStranger, terms),
            "law 11: the freelancer's approval of their own work"
        );
        succeeds(
            Kind.ReleaseByStranger,
            terms,
            sign(FREELANCER_KEY, digestOf(Kind.ReleaseByStranger, terms)),
            "law 11: the client's"
        );
    }

    function test_for_another_milestone() public {
        Terms memory terms = _terms;
        fund(terms, 3);
        Books memory books = booksOf(terms);

        bytes memory signature = signatureOf(Kind.ReleaseByStranger, terms);
        _refusesApproval(terms, 2, signature);
        _refusesApproval(terms, 3, signature);

        Division memory second = Division(1, 600, 400);
        refuses(
            client,
            abi.encodeCall(escrow.settle, (terms, second, EXPIRES, signatureOf(Kind.SettleByClient, terms))),
            signatureInvalid(freelancer, settlementDigest(terms, second, EXPIRES)),
            "law 11: a settlement of another milestone"
        );

        Amendment memory amendment = amendmentWith(signatureOf(Kind.AmendByClient, terms));
        amendment.divisions[0] = second;
        _refusesAmendment(terms, amendment, "law 11: an amendment of another milestone");
        amendment.divisions[0] = division();
        amendment.funded = 2;
        _refusesAmendment(terms, amendment, "law 11: an amendment that funds another milestone");
        amendment.funded = 3;
        _refusesAmendment(terms, amendment, "law 11: an amendment that funds one more");
        amendment.funded = 1;
        amendment.divisions = new Division[](2);
        (amendment.divisions[0], amendment.divisions[1]) = (division(), second);
        _refusesAmendment(terms, amendment, "law 11: an amendment that ends one more");

        sameBooks(booksOf(terms), books, "law 11: nothing moved");
        same(escrow.statusesOf(idOf(terms)), 0x22, "law 11: nothing ended");
    }

    /// Other numbers than were signed.
    function test_for_other_numbers() public {
        Terms memory terms = _terms;
        fund(terms, 3);
        Division memory more = Division(0, 601, 399);
        refuses(
            freelancer,
            abi.encodeCall(escrow.settle, (terms, more, EXPIRES, signatureOf(Kind.SettleByFreelancer, terms))),
            signatureInvalid(client, settlementDigest(terms, more, EXPIRES)),
            "law 11: one more for the freelancer"
        );
        refuses(
            freelancer,
            abi.encodeCall(
                escrow.settle, (terms, division(), EXPIRES + 1, signatureOf(Kind.SettleByFreelancer, terms))
            ),
            signatureInvalid(client, settlementDigest(terms, division(), EXPIRES + 1)),
            "law 11: valid for a second longer"
        );
        Amendment memory amendment = amendmentWith(signatureOf(Kind.AmendByClient, terms));
        amendment.divisions[0] = Division(0, 599, 401);
        _refusesAmendment(terms, amendment, "law 11: one less for the freelancer");
        amendment = amendmentWith(signatureOf(Kind.AmendByClient, terms));
        amendment.expiresAt = EXPIRES + 1;
        _refusesAmendment(terms, amendment, "law 11: valid for a second longer");
        amendment = amendmentWith(signatureOf(Kind.AmendByClient, terms));
        Terms memory cheaper = replacementOf(terms);
        cheaper.amounts[0] = 1;
        refuses(
            client,
            abi.encodeCall(escrow.amend, (terms, cheaper, amendment)),
            signatureInvalid(freelancer, amendmentDigest(terms, cheaper, amendment)),
            "law 11: to other terms"
        );
        // An approval of the whole says nothing about units; one that names them is another one.
        refuses(
            freelancer,
            abi.encodeCall(
                escrow.release, (terms, 1, only(Approval(1, only(5000), signatureOf(Kind.ReleaseByStranger, terms))))
            ),
            signatureInvalid(client, approvalDigest(terms, 1, only(5000))),
            "law 11: of other units"
        );
        same(escrow.statusesOf(idOf(terms)), 0x22, "law 11: nothing ended");
    }

    /// An acceptance is of the deal: the client may fund the milestones one by one with it, each of them once.
    function test_an_acceptance_is_of_the_whole_deal() public {
        Terms memory terms = _terms;
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(client);
        escrow.fund(terms, 1, acceptance);
        vm.prank(client);
        escrow.fund(terms, 2, "");
        vm.prank(stranger);
        escrow.accept(terms, 2, acceptance);
        same(escrow.statusesOf(idOf(terms)), 0x22, "law 11: each of them is accepted");
        refuses(
            client,
            abi.encodeCall(escrow.fund, (terms, 2, acceptance)),
            wrongStatus(idOf(terms), 1, Status.Active),
            "law 11: once each"
        );
    }

    function test_an_authorisation_of_other_milestones() public {
        Terms memory terms = _terms;
        Authorization memory first = authorize(terms, 1);
        Books memory books = booksOf(terms);
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 2, "", first)),
            authorizationInvalid(terms, 2),
            "law 11: of the other, which costs the same"
        );
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 3, "", first)),
            authorizationInvalid(terms, 3),
            "law 11: of both"
        );
        sameBooks(booksOf(terms), books, "law 11: nothing moved");
        vm.prank(stranger);
        escrow.fundWithAuthorization(terms, 1, "", first);
        (books.client, books.escrow) = (books.client - AMOUNT, books.escrow + AMOUNT);
        sameBooks(booksOf(terms), books, "law 11: what was authorised");
    }

    // Helpers

    /// No signature of `signatures` counts in `terms`, whatever it is carried to.
    function _noneCounts(Terms memory terms, bytes[] memory signatures) private {
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            isInvalid(kind, terms, signatures[k], "law 11: given elsewhere");
            succeeds(kind, terms, signatureOf(kind, terms), "law 11: given here");
            vm.revertToState(state);
        }
    }

    /// An authorisation that was signed over something else is one of nobody known.
    function _authorizationOfAnotherKey(Terms memory terms, Authorization memory authorization) private {
        bytes32 digest = authorizationDigest(terms, 1);
        holds(
            ECDSA.recover(digest, authorization.v, authorization.r, authorization.s) != client,
            "law 11: the same is signed"
        );
        Books memory books = booksOf(terms);
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", authorization)),
            authorizationInvalid(terms, 1),
            "law 11: an authorisation given elsewhere"
        );
        sameBooks(booksOf(terms), books, "law 11: nothing moved");
    }

    function _refusesApproval(Terms memory terms, uint64 milestones, bytes memory signature) private {
        refuses(
            stranger,
            abi.encodeCall(escrow.release, (terms, milestones, approvalWith(milestones, signature))),
            signatureInvalid(client, approvalDigest(terms, milestones, new uint16[](0))),
            "law 11: an approval of other milestones"
        );
    }

    function _refusesAmendment(Terms memory terms, Amendment memory amendment, string memory law) private {
        Terms memory replacement = replacementOf(terms);
        refuses(
            client,
            abi.encodeCall(escrow.amend, (terms, replacement, amendment)),
            signatureInvalid(freelancer, amendmentDigest(terms, replacement, amendment)),
            law
        );
    }
}
