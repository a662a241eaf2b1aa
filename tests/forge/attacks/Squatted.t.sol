// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Authorization, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title Squatted
/// @notice Somebody knows the terms of a deal before it is funded, or guesses its salt. The attacker hopes to be first
/// at its id: to fund it in the client's name, to accept or submit before there is money, or to leave a state there that
/// spoils the real funding.
///
/// The client and every other word of the deal are in the id, and only the client, or the client's authorisation over
/// this id, funds. Nobody else can be first at an id; a deal of their own, however alike, has another one.
contract Squatted is ConsentTest {
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(oneByOne(2, AMOUNT));
        token.mint(stranger, 100 * AMOUNT);
        token.mint(freelancer, 100 * AMOUNT);
        vm.prank(stranger);
        token.approve(address(escrow), type(uint256).max);
        vm.prank(freelancer);
        token.approve(address(escrow), type(uint256).max);
    }

    /// The client's allowance stands and the freelancer's acceptance is known: nobody else can use the one with the other.
    function test_funding_in_the_clients_name() public {
        Terms memory terms = _terms;
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        address[5] memory callers = [stranger, freelancer, payee, arbiter, address(token)];
        Books memory books = booksOf(terms);
        for (uint256 k = 0; k < callers.length; ++k) {
            bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.NotClient.selector, callers[k], client);
            refuses(callers[k], abi.encodeCall(escrow.fund, (terms, 3, acceptance)), error, "law 11: accepted");
            refuses(callers[k], abi.encodeCall(escrow.fund, (terms, 3, "")), error, "law 11: as an offer");
        }
        sameBooks(booksOf(terms), books, "law 11: nothing moved");
        _isFresh(terms);
    }

    function test_funding_by_a_false_authorisation() public {
        Terms memory terms = _terms;
        Authorization memory authorization = authorize(terms, 3);
        (authorization.v, authorization.r, authorization.s) = vm.sign(STRANGER_KEY, authorizationDigest(terms, 3));
        Books memory books = booksOf(terms);
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 3, "", authorization)),
            authorizationInvalid(terms, 3),
            "law 11: not the client's"
        );
        sameBooks(booksOf(terms), books, "law 11: nothing moved");
        _isFresh(terms);
    }

    /// No act is possible at an id that was never funded, so nothing can wait there for the money.
    function test_acting_before_the_money() public {
        Terms memory terms = _terms;
        bytes memory error = notFunded(idOf(terms));
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        refuses(freelancer, abi.encodeCall(escrow.accept, (terms, 3, acceptance)), error, "law 6: accept");
        refuses(freelancer, abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0)), error, "law 6: submit");
        refuses(freelancer, abi.encodeCall(escrow.dispute, (terms, 0, 10_000, 0)), error, "law 6: dispute");
        refuses(freelancer, abi.encodeCall(escrow.refund, (terms, 3)), error, "law 6: refund");
        refuses(client, abi.encodeCall(escrow.approve, (terms, 3, new uint16[](0))), error, "law 6: approve");
        refuses(client, abi.encodeCall(escrow.requestRefund, (terms, 0, 0)), error, "law 6: request a refund");
        refuses(client, abi.encodeCall(escrow.requestChanges, (terms, 0, 0)), error, "law 6: request changes");
        refuses(arbiter, abi.encodeCall(escrow.rule, (terms, 0, 0, 0)), error, "law 6: rule");
        refuses(stranger, abi.encodeCall(escrow.lapse, (terms, 0)), error, "law 6: lapse");
        for (uint256 k = 2; k < KINDS; ++k) {
            fails(Kind(k), terms, signatureOf(Kind(k), terms), error, "law 6: by a signature");
        }
        _isFresh(terms);
    }

    /// A look-alike with one party or one word changed is another agreement: it neither blocks the real one nor opens
    /// it, and the money in it is its own client's.
    function test_a_look_alike() public {
        Terms memory terms = _terms;
        for (uint256 k = 0; k < 16; ++k) {
            Terms memory other = _changed(terms, k);
            holds(escrow.agreementId(other) != escrow.agreementId(terms), "law 18: two deals of one id");
            if (other.client == client) continue;
            vm.prank(other.client);
            escrow.fund(other, 1, "");
        }
        _isFresh(terms);
    }

    /// All of an attacker's look-alikes together leave the real deal's money alone.
    function test_look_alikes_beside_the_real_one() public {
        Terms memory terms = _terms;
        fund(terms, 3);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        for (uint256 k = 0; k < 4; ++k) {
            Terms memory other = _terms;
            (other.client, other.salt) = (stranger, bytes32(k));
            if (k > 1) other.arbiter = client;
            vm.prank(stranger);
            escrow.fund(other, 1, k % 2 == 0 ? signTerms(FREELANCER_KEY, other) : bytes(""));
            Books memory before = booksOf(other);
            vm.prank(freelancer);
            escrow.refund(other, 1);
            paid(before, 0, AMOUNT, 0);
            sameBooks(booksOf(other), before, "law 8: its own money");
        }
        same(escrow.statusesOf(idOf(terms)), statuses, "law 8: the real one as it was");
        Books memory books = booksOf(terms);
        releaseAll(terms);
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 8: and pays");
    }

    /// A salt is no secret: who guesses it has the id of the deal, and can do nothing there.
    function testFuzz_a_guessed_salt(bytes32 salt, uint64 milestones, address by) public {
        vm.assume(by != client && by != address(vm) && milestones != 0);
        Terms memory terms = _terms;
        terms.salt = salt;
        refuses(
            by,
            abi.encodeCall(escrow.fund, (terms, milestones, "")),
            abi.encodeWithSelector(IMilestoneEscrow.NotClient.selector, by, client),
            "law 11: a guessed deal"
        );
        same(escrow.statusesOf(idOf(terms)), 0, "law 11: nothing stands at its id");
    }

    /// The client funds other milestones than the freelancer expects, or as an offer: each milestone has its own status,
    /// and the acceptance that is lost on the way can be carried later.
    function test_an_offer_where_an_acceptance_was_given() public {
        Terms memory terms = _terms;
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(client);
        escrow.fund(terms, 2, "");
        refuses(
            stranger,
            abi.encodeCall(escrow.accept, (terms, 3, acceptance)),
            wrongStatus(idOf(terms), 0, Status.None),
            "law 6: what is not funded is not accepted"
        );
        vm.prank(stranger);
        escrow.accept(terms, 2, acceptance);
        vm.prank(client);
        escrow.fund(terms, 1, acceptance);
        same(escrow.statusesOf(idOf(terms)), 0x22, "law 11: both");
    }

    /// The client sits at the id that an amendment leads to: the amendment fails whole, and what stands goes on.
    function test_the_replacement_is_funded_already() public {
        Terms memory terms = _terms;
        Terms memory replacement = replacementOf(terms);
        stage(Kind.AmendByClient, terms);
        vm.prank(client);
        escrow.fund(replacement, 1, "");
        fails(
            Kind.AmendByClient,
            terms,
            signatureOf(Kind.AmendByClient, terms),
            wrongStatus(idOf(replacement), 0, Status.Offered),
            "law 4: funded once"
        );
        Books memory books = booksOf(terms);
        releaseAll(terms);
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 8: the deal that stands");
    }

    /// Nothing stands at the id, and the real funding does what it does elsewhere.
    function _isFresh(Terms memory terms) private {
        same(escrow.statusesOf(idOf(terms)), 0, "law 11: nothing stands at the id");
        Books memory books = booksOf(terms);
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(client);
        escrow.fund(terms, 3, acceptance);
        (books.client, books.escrow) = (books.client - 2 * AMOUNT, books.escrow + 2 * AMOUNT);
        sameBooks(booksOf(terms), books, "law 1: the client funds");
        same(escrow.statusesOf(idOf(terms)), 0x22, "law 11: as accepted");
    }

    /// `terms` with word `k` changed; the first three name the attacker as client.
    function _changed(Terms memory terms, uint256 k) private view returns (Terms memory other) {
        other = abi.decode(abi.encode(terms), (Terms));
        if (k < 3) other.client = stranger;
        if (k == 1) other.freelancer = client;
        if (k == 2) (other.client, other.freelancer) = (other.freelancer, other.client);
        if (k == 3) other.freelancer = stranger;
        if (k == 4) other.payee = stranger;
        if (k == 5) other.arbiter = stranger;
        if (k == 6) other.token = address(0);
        if (k == 7) ++other.reviewPeriod;
        if (k == 8) ++other.responsePeriod;
        if (k == 9) ++other.rulingPeriod;
        if (k == 10) ++other.arbiterFeeBps;
        if (k == 11) ++other.defaultBps;
        if (k == 12) (other.start, other.period, other.units) = (uint40(BEGIN), 7 days, 240);
        if (k == 13) other.scope = keccak256("other");
        if (k == 14) other.salt = keccak256("other");
        if (k == 15) other.amounts = oneByOne(3, AMOUNT);
    }
}
