// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {Approval, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title FrontRun
/// @notice Somebody watches the transactions that wait and sends one of their own first: the same permit,
/// authorisation, acceptance, approval or payout, alone, in part, or without what should come along; or an act that
/// changes what the waiting one finds. The attacker hopes that the waiting one fails for good, or that the money takes
/// another way.
///
/// What is carried first does what it would have done: the signer, the payee and the amounts are in what was signed.
/// What then fails, fails because it is done already, or is sent again without what is done.
contract FrontRun is ConsentTest {
    bytes32 private constant PERMIT_TYPE =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(oneByOne(3, AMOUNT));
    }

    // Ways in

    function test_a_permit() public {
        Terms memory terms = _terms;
        terms.client = stranger;
        token.mint(stranger, AMOUNT);
        bytes32 message =
            keccak256(abi.encode(PERMIT_TYPE, stranger, address(escrow), AMOUNT, token.nonces(stranger), EXPIRES));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(STRANGER_KEY, keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), message)));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.permit, (address(token), AMOUNT, EXPIRES, v, r, s));
        calls[1] = abi.encodeCall(escrow.fund, (terms, 1, signTerms(FREELANCER_KEY, terms)));

        // Through the escrow a permit counts for the caller alone; at the token anybody may send it.
        vm.prank(arbiter);
        escrow.permit(address(token), AMOUNT, EXPIRES, v, r, s);
        same(token.allowance(stranger, address(escrow)), 0, "law 11: somebody else's permit");
        vm.prank(arbiter);
        token.permit(stranger, address(escrow), AMOUNT, EXPIRES, v, r, s);
        same(token.nonces(stranger), 1, "law 11: the permit is used up");

        Books memory books = booksOf(terms);
        vm.prank(stranger);
        escrow.multicall(calls);
        (books.client, books.escrow) = (books.client - AMOUNT, books.escrow + AMOUNT);
        sameBooks(booksOf(terms), books, "law 1: funded all the same");
        same(uint8(statusOf(terms, 0)), uint8(Status.Active), "law 11: as accepted");
    }

    /// At the token itself nobody but the escrow may use the authorisation.
    function test_an_authorisation_at_the_token() public {
        Terms memory terms = _terms;
        Authorization memory a = authorize(terms, 3);
        bytes32 nonce = nonceOf(terms, 3);
        bytes memory error = authorizationInvalid(terms, 3);
        address[3] memory thieves = [stranger, freelancer, client];
        for (uint256 k = 0; k < thieves.length; ++k) {
            _tokenRefuses(thieves[k], _receive(address(escrow), 2 * AMOUNT, nonce, a), error);
            _tokenRefuses(thieves[k], _receive(thieves[k], 2 * AMOUNT, nonce, a), error);
        }
        vm.prank(stranger);
        escrow.fundWithAuthorization(terms, 3, signTerms(FREELANCER_KEY, terms), a);
        same(escrow.statusesOf(idOf(terms)), 0x22, "law 11: it is not used up");
    }

    /// The authorisation is carried without the acceptance that should come along: the acceptance follows.
    function test_an_authorisation_without_the_acceptance() public {
        Terms memory terms = _terms;
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        Authorization memory a = authorize(terms, 3);
        bytes memory wanted = abi.encodeCall(escrow.fundWithAuthorization, (terms, 3, acceptance, a));
        uint256 state = vm.snapshotState();
        _send(freelancer, wanted);
        Books memory books = booksOf(terms);
        uint256 statuses = escrow.statusesOf(idOf(terms));
        vm.revertToState(state);

        vm.prank(stranger);
        escrow.fundWithAuthorization(terms, 3, "", a);
        refuses(freelancer, wanted, wrongStatus(idOf(terms), 0, Status.Offered), "law 11: it is funded");
        vm.prank(freelancer);
        escrow.accept(terms, 3, "");
        sameBooks(booksOf(terms), books, "law 11: the same money");
        same(escrow.statusesOf(idOf(terms)), statuses, "law 11: the same statuses");
    }

    function test_an_acceptance() public {
        Terms memory terms = _terms;
        vm.prank(client);
        escrow.fund(terms, 7, "");
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.accept, (terms, 7, acceptance));
        calls[1] = abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0));

        // Somebody carries it for one milestone: the batch fails whole and is sent again for the others.
        vm.prank(stranger);
        escrow.accept(terms, 2, acceptance);
        refuses(
            freelancer,
            abi.encodeCall(escrow.multicall, (calls)),
            wrongStatus(idOf(terms), 1, Status.Active),
            "law 11: accepted"
        );
        same(escrow.statusesOf(idOf(terms)), 0x121, "law 9: nothing of the batch");
        calls[0] = abi.encodeCall(escrow.accept, (terms, 5, ""));
        _send(freelancer, abi.encodeCall(escrow.multicall, (calls)));
        same(escrow.statusesOf(idOf(terms)), 0x224, "law 9: what was wanted");
    }

    /// The client takes an offer back before the acceptance arrives: no work was promised yet, and none is.
    function test_an_offer_that_is_taken_back() public {
        Terms memory terms = _terms;
        stage(Kind.AcceptByStranger, terms);
        Books memory books = booksOf(terms);
        vm.prank(client);
        escrow.refund(terms, 1);
        paid(books, 0, AMOUNT, 0);
        refuses(
            freelancer,
            abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0)),
            wrongStatus(idOf(terms), 0, Status.Refunded),
            "law 4: nothing to work for"
        );
        sameBooks(booksOf(terms), books, "law 3: the client has it back");
    }

    // Ways out

    /// An approval that somebody else carries first pays the same payee the same.
    function test_an_approval() public {
        Terms memory terms = _terms;
        fund(terms, 7);
        Approval[] memory approvals = only(signApproval(CLIENT_KEY, terms, 7, new uint16[](0)));
        bytes memory wanted = abi.encodeCall(escrow.release, (terms, 7, approvals));
        uint256 state = vm.snapshotState();
        _send(freelancer, wanted);
        Books memory books = booksOf(terms);
        same(escrow.statusesOf(idOf(terms)), 0x888, "law 5: all are paid");
        vm.revertToState(state);

        // Whole: done.
        _send(stranger, wanted);
        sameBooks(booksOf(terms), books, "law 7: what was wanted");
        refuses(freelancer, wanted, wrongStatus(idOf(terms), 0, Status.Paid), "law 4: it is done");
        vm.revertToState(state);

        // One of the three: the others are sent again, with the same approval.
        vm.prank(stranger);
        escrow.release(terms, 2, approvals);
        Books memory between = booksOf(terms);
        refuses(freelancer, wanted, wrongStatus(idOf(terms), 1, Status.Paid), "law 4: one is done");
        sameBooks(booksOf(terms), between, "law 9: nothing of the others");
        same(escrow.statusesOf(idOf(terms)), 0x282, "law 9: nothing of the others");
        vm.prank(freelancer);
        escrow.release(terms, 5, approvals);
        sameBooks(booksOf(terms), books, "law 9: what was wanted, in two");
        same(escrow.statusesOf(idOf(terms)), 0x888, "law 5: all are paid");
    }

    /// Three claims are due. Somebody releases one of them first, each in turn: a release of all, or a batch of
    /// releases, fails whole and changes nothing, and the rest sent again ends as all would have.
    function test_one_of_a_set_that_is_due() public {
        Terms memory terms = _terms;
        fund(terms, 7);
        for (uint8 i = 0; i < 3; ++i) {
            submit(terms, i, 7000 + 1000 * uint16(i));
        }
        vm.warp(BEGIN + terms.reviewPeriod);
        bytes[] memory calls = new bytes[](3);
        for (uint256 i = 0; i < 3; ++i) {
            calls[i] = abi.encodeCall(escrow.release, (terms, uint64(1) << uint64(i), noApprovals()));
        }
        bytes memory all = abi.encodeCall(escrow.release, (terms, 7, noApprovals()));
        bytes memory batch = abi.encodeCall(escrow.multicall, (calls));
        uint256 state = vm.snapshotState();
        for (uint256 first = 0; first < 3; ++first) {
            uint256 worth = 700 + 100 * first;
            Books memory books = booksOf(terms);
            _send(stranger, calls[first]);
            paid(books, worth, AMOUNT - worth, 0);
            sameBooks(booksOf(terms), books, "law 7: as by anybody");
            uint256 statuses = escrow.statusesOf(idOf(terms));
            bytes memory done = wrongStatus(idOf(terms), first, Status.Split);
            refuses(freelancer, all, done, "law 4: one is done");
            refuses(freelancer, batch, done, "law 4: one is done");
            sameBooks(booksOf(terms), books, "law 9: nothing of the others");
            same(escrow.statusesOf(idOf(terms)), statuses, "law 9: nothing of the others");

            uint64 rest = 7 & ~(uint64(1) << uint64(first));
            _send(freelancer, abi.encodeCall(escrow.release, (terms, rest, noApprovals())));
            paid(books, 2400 - worth, 600 - (AMOUNT - worth), 0);
            sameBooks(booksOf(terms), books, "law 9: the rest, sent again");
            same(escrow.statusesOf(idOf(terms)), 0xaaa, "law 5: all have ended");
            same(books.escrow, 0, "law 1: nothing is left");
            vm.revertToState(state);
        }
    }

    /// An approval of a part is worth what its freelancer makes of it: in no other hands does it end the milestone.
    function test_an_approval_of_a_part() public {
        Terms memory terms = _terms;
        fund(terms, 1);
        Approval[] memory approvals = only(signApproval(CLIENT_KEY, terms, 1, only(4000)));
        bytes memory data = abi.encodeCall(escrow.release, (terms, 1, approvals));
        Books memory books = booksOf(terms);
        address[4] memory others = [stranger, client, payee, arbiter];
        for (uint256 k = 0; k < others.length; ++k) {
            refuses(others[k], data, notFreelancer(others[k], terms), "law 7: it would end for less than is owed");
        }
        sameBooks(booksOf(terms), books, "law 7: nothing moved");
        _send(freelancer, data);
        paid(books, 400, 600, 0);
        sameBooks(booksOf(terms), books, "law 12: in the freelancer's hands");
    }

    /// A settlement is the parties' own; each holds the other's, and the first of both is the one.
    function test_a_settlement() public {
        Terms memory terms = _terms;
        stage(Kind.SettleByClient, terms);
        bytes memory byClient = callOf(Kind.SettleByClient, terms, signatureOf(Kind.SettleByClient, terms));
        bytes memory byFreelancer = callOf(Kind.SettleByFreelancer, terms, signatureOf(Kind.SettleByFreelancer, terms));
        bytes memory notParty = abi.encodeWithSelector(IMilestoneEscrow.NotParty.selector, stranger, client, freelancer);
        refuses(stranger, byClient, notParty, "law 7: carried by a stranger");
        refuses(stranger, byFreelancer, notParty, "law 7: carried by a stranger");
        refuses(
            freelancer,
            byClient,
            signatureInvalid(client, settlementDigest(terms, division(), EXPIRES)),
            "law 11: carried by who signed it"
        );
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 2; ++k) {
            Books memory books = booksOf(terms);
            _send(k == 0 ? client : freelancer, k == 0 ? byClient : byFreelancer);
            paid(books, 600, 400, 0);
            bytes memory error = wrongStatus(idOf(terms), 0, Status.Split);
            refuses(client, byClient, error, "law 4: it is done");
            refuses(freelancer, byFreelancer, error, "law 4: it is done");
            sameBooks(booksOf(terms), books, "law 3: once");
            vm.revertToState(state);
        }
    }

    /// A party that signed an offer is faster with a concession: the offer names all that was open, so it does not
    /// count on top of what is conceded.
    function test_a_settlement_after_a_concession() public {
        Terms memory terms = _terms;
        stage(Kind.SettleByFreelancer, terms);
        submit(terms, 0, 10_000);
        bytes memory wanted = callOf(Kind.SettleByFreelancer, terms, signatureOf(Kind.SettleByFreelancer, terms));
        Books memory books = booksOf(terms);
        dispute(terms, 0, 5000, client);
        paid(books, 500, 0, 0);
        refuses(
            freelancer,
            wanted,
            abi.encodeWithSelector(
                IMilestoneEscrow.DivisionMismatch.selector, idOf(terms), 0, uint256(600), uint256(400), uint256(500)
            ),
            "law 2: not on top of what was conceded"
        );
        sameBooks(booksOf(terms), books, "law 2: what was conceded");

        // The same end by an offer over what is left.
        Division memory rest = Division(0, 100, 400);
        bytes memory offer = signSettlement(CLIENT_KEY, terms, rest, EXPIRES);
        vm.prank(freelancer);
        escrow.settle(terms, rest, EXPIRES, offer);
        paid(books, 100, 400, 0);
        sameBooks(booksOf(terms), books, "law 3: what was wanted");
    }

    /// The client approves while the freelancer carries an offer of less: the freelancer has all.
    function test_a_settlement_after_an_approval() public {
        Terms memory terms = _terms;
        stage(Kind.SettleByFreelancer, terms);
        bytes memory wanted = callOf(Kind.SettleByFreelancer, terms, signatureOf(Kind.SettleByFreelancer, terms));
        vm.prank(client);
        escrow.approve(terms, 1, new uint16[](0));
        refuses(freelancer, wanted, wrongStatus(idOf(terms), 0, Status.Approved), "law 6: approved");
        Books memory books = booksOf(terms);
        vm.prank(stranger);
        escrow.release(terms, 1, noApprovals());
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 12: all of it");
    }

    /// The parties settle before the ruling that waits: it is not made, and costs no fee.
    function test_a_ruling() public {
        Terms memory terms = _terms;
        stage(Kind.SettleByClient, terms);
        dispute(terms, 0, 10_000, freelancer);
        succeeds(Kind.SettleByClient, terms, signatureOf(Kind.SettleByClient, terms), "law 11");
        Books memory books = booksOf(terms);
        refuses(
            arbiter,
            abi.encodeCall(escrow.rule, (terms, 0, 0, 0)),
            wrongStatus(idOf(terms), 0, Status.Split),
            "law 4: nothing is left to rule on"
        );
        sameBooks(booksOf(terms), books, "law 2: no fee");
    }

    /// What a clock has decided, anybody carries out, and in no other way than the parties themselves.
    function test_what_a_clock_decides() public {
        Terms memory terms = _terms;
        fund(terms, 7);
        submit(terms, 0, 2500);
        vm.prank(client);
        escrow.requestRefund(terms, 1, 0);
        dispute(terms, 2, 5000, freelancer);
        vm.warp(BEGIN + terms.rulingPeriod);
        bytes[3] memory wanted = [
            abi.encodeCall(escrow.release, (terms, 1, noApprovals())),
            abi.encodeCall(escrow.refund, (terms, 2)),
            abi.encodeCall(escrow.lapse, (terms, 2))
        ];
        uint256[3] memory toPayee = [uint256(250), 0, 250];
        Status[3] memory ends = [Status.Split, Status.Refunded, Status.Split];
        address[3] memory parties = [freelancer, client, freelancer];
        for (uint256 k = 0; k < 3; ++k) {
            uint256 state = vm.snapshotState();
            _send(parties[k], wanted[k]);
            Books memory books = booksOf(terms);
            vm.revertToState(state);
            Books memory expected = booksOf(terms);
            _send(stranger, wanted[k]);
            sameBooks(booksOf(terms), books, "law 7: as by a party");
            paid(expected, toPayee[k], (k == 2 ? 500 : AMOUNT) - toPayee[k], 0);
            sameBooks(books, expected, "law 3");
            refuses(parties[k], wanted[k], wrongStatus(idOf(terms), k, ends[k]), "law 4: it is done");
        }
        same(booksOf(terms).escrow, 0, "law 1: nothing is left");
    }

    /// A credit that its owner is about to send elsewhere can be sent to the owner first: it is the owner's either way.
    function test_a_withdrawal() public {
        Terms memory terms = _terms;
        fund(terms, 1);
        token.setDenied(payee, true);
        releaseAll(terms);
        same(escrow.credits(address(token), payee), AMOUNT, "law 13: a credit");
        bytes memory wanted = abi.encodeCall(escrow.withdraw, (address(token), payee, arbiter));
        refuses(
            stranger,
            abi.encodeCall(escrow.withdraw, (address(token), payee, payee)),
            abi.encodeWithSelector(PracticeToken.AccountDenied.selector, payee),
            "law 13: not while it is refused"
        );
        uint256 state = vm.snapshotState();
        _send(payee, wanted);
        same(token.balanceOf(arbiter), AMOUNT, "law 13: where its owner sends it");
        vm.revertToState(state);

        token.setDenied(payee, false);
        Books memory books = booksOf(terms);
        withdraw(stranger, address(token), payee, payee);
        books.payeeCredit = 0;
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 13: with its owner");
        refuses(payee, wanted, nothingToWithdraw(address(token), payee), "law 13: once");
    }

    function _send(address by, bytes memory data) private {
        vm.prank(by);
        (bool success, bytes memory answer) = address(escrow).call(data);
        holds(success, string.concat("law 16: refused with ", vm.toString(answer)));
    }

    function _receive(address to, uint256 value, bytes32 nonce, Authorization memory a)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            token.receiveWithAuthorization, (client, to, value, a.validAfter, a.validBefore, nonce, a.v, a.r, a.s)
        );
    }

    function _tokenRefuses(address by, bytes memory data, bytes memory error) private {
        uint256 balance = token.balanceOf(client);
        vm.prank(by);
        (bool success, bytes memory answer) = address(token).call(data);
        holds(!success, "law 11: the authorisation is used up");
        sameBytes(answer, error, "law 11: at the token");
        same(token.balanceOf(client), balance, "law 11: nothing moved");
    }
}
