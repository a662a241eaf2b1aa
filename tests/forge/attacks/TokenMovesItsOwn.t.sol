// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Authorization, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {ForgingToken} from "../mocks/ForgingToken.sol";
import {OwnMoverToken} from "../mocks/OwnMoverToken.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title TokenMovesItsOwn
/// @notice Some tokens ask no allowance of an owner who moves their own money by `transferFrom`, and some make money
/// where an owner moves to themselves. The attacker hopes to make the escrow take from itself: a funding that costs
/// nothing, or one that the token doubles.
///
/// What is taken in comes from the caller, and the escrow never calls itself. By authorisation it may be named as the
/// client: then a balance that does not grow is refused, and one that a token makes grow is more of that token and
/// takes nothing from the agreements in it. A payee or a withdrawal is never the escrow.
contract TokenMovesItsOwn is ConsentTest {
    OwnMoverToken private _money;
    /// Names the escrow as the client.
    Terms private _ofItself;
    Terms private _honest;
    Authorization private _noAuthorization;

    function setUp() public override {
        super.setUp();
        _money = new OwnMoverToken();
        _honest = dealIn(_money, AMOUNT);
        fund(_honest, 1);
        Terms memory terms = fixedPrice(AMOUNT);
        terms.token = address(_money);
        terms.client = address(escrow);
        (terms.freelancer, terms.payee, terms.arbiter) = (stranger, stranger, address(0));
        _ofItself = terms;
    }

    /// A batch is the escrow's own code, but its caller's act.
    function test_by_a_batch() public {
        bytes memory data = abi.encodeCall(escrow.fund, (_ofItself, 1, signTerms(STRANGER_KEY, _ofItself)));
        bytes[] memory calls = new bytes[](1);
        calls[0] = data;
        bytes memory batch = abi.encodeCall(escrow.multicall, (calls));
        calls[0] = batch;
        bytes memory nested = abi.encodeCall(escrow.multicall, (calls));
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.NotClient.selector, stranger, address(escrow));
        refuses(stranger, data, error, "law 7: in the escrow's name");
        refuses(stranger, batch, error, "law 7: in the escrow's name, in a batch");
        refuses(stranger, nested, error, "law 7: in the escrow's name, in a batch of a batch");
        _honestIsPaid();
    }

    /// The token honours any authorisation, and one of the escrow to itself would make money in its books.
    function test_by_an_authorisation() public {
        bytes memory data = abi.encodeCall(escrow.fundWithAuthorization, (_ofItself, 1, "", _noAuthorization));
        // Funded with what another agreement holds, it would be there twice: the token makes it so, and it is its own.
        vm.prank(stranger);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 1: a token that makes money");
        same(_money.balanceOf(address(escrow)), 2 * AMOUNT, "law 1: what it made is there");
        _honestIsPaid();

        // A token that does not make money shows no difference.
        ForgingToken forging = new ForgingToken();
        forging.setManner(ForgingToken.Manner.Take);
        forging.mint(address(escrow), AMOUNT);
        Terms memory terms = _ofItself;
        terms.token = address(forging);
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", _noAuthorization)),
            notExact(address(forging), AMOUNT, AMOUNT, AMOUNT),
            "law 1: from itself to itself"
        );

        // An honest one asks for the escrow's signature.
        terms.token = address(token);
        token.mint(address(escrow), AMOUNT);
        Authorization memory forgery = Authorization(0, EXPIRES, 0, 0, 0);
        (forgery.v, forgery.r, forgery.s) = vm.sign(STRANGER_KEY, authorizationDigest(terms, 1));
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", forgery)),
            authorizationInvalid(terms, 1),
            "law 11: the escrow has no key"
        );
    }

    /// Whoever moves their own by `transferFrom` needs no allowance, and funds with their own money all the same.
    function test_by_the_client_without_an_allowance() public {
        Terms memory terms = _honest;
        terms.salt = bytes32(uint256(1));
        vm.prank(client);
        _money.approve(address(escrow), 0);
        _money.mint(client, AMOUNT);
        refuses(
            client,
            abi.encodeCall(escrow.fund, (terms, 1, "")),
            abi.encodeWithSignature("Panic(uint256)", 0x11),
            "law 1: the escrow moves it, who is not the owner"
        );
        same(_money.balanceOf(client), AMOUNT, "law 1: nothing moved");
    }

    /// The escrow in the other roles can do nothing there; whoever named it gets back what is theirs.
    function test_in_the_other_roles() public {
        Terms memory terms = fixedPrice(AMOUNT);
        terms.payee = address(escrow);
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, address(escrow));
        refuses(client, abi.encodeCall(escrow.fund, (terms, 1, "")), error, "law 18: paid to itself");

        terms = fixedPrice(AMOUNT);
        terms.freelancer = address(escrow);
        error = signatureInvalid(address(escrow), idOf(terms));
        refuses(client, abi.encodeCall(escrow.fund, (terms, 1, hex"01")), error, "law 11: accepted by itself");
        Books memory books = booksOf(terms);
        vm.prank(client);
        escrow.fund(terms, 1, "");
        refuses(stranger, abi.encodeCall(escrow.accept, (terms, 1, hex"01")), error, "law 11: accepted by itself");
        vm.prank(client);
        escrow.refund(terms, 1);
        sameBooks(booksOf(terms), books, "law 16: taken back");

        terms = fixedPrice(AMOUNT);
        terms.arbiter = address(escrow);
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
        books = booksOf(terms);
        error = abi.encodeWithSelector(IMilestoneEscrow.NotArbiter.selector, stranger, address(escrow));
        refuses(stranger, abi.encodeCall(escrow.rule, (terms, 0, 0, 0)), error, "law 7: a ruling in its name");
        vm.warp(BEGIN + terms.rulingPeriod);
        escrow.lapse(terms, 0);
        books.payee += 500;
        books.client += 500;
        // The books name the escrow twice: as the holder, and as an arbiter without a fee.
        (books.escrow, books.arbiter) = (books.escrow - AMOUNT, books.arbiter - AMOUNT);
        sameBooks(booksOf(terms), books, "law 16: as where there is none");
    }

    /// One who is both the client and the payee is paid twice, in full, and from the escrow.
    function test_the_client_as_the_payee() public {
        Terms memory terms = _honest;
        (terms.salt, terms.payee) = (bytes32(uint256(1)), client);
        _money.mint(client, AMOUNT);
        fund(terms, 1);
        Approval[] memory approvals = only(signApproval(CLIENT_KEY, terms, 1, only(2500)));
        vm.prank(freelancer);
        escrow.release(terms, 1, approvals);
        same(_money.balanceOf(client), AMOUNT, "law 3: both parts");
        same(_money.balanceOf(address(escrow)), AMOUNT, "law 8: the other agreement's");
        same(uint8(statusOf(terms, 0)), uint8(Status.Split), "law 5: divided, if between one and the same");
    }

    /// The agreement that names the escrow gives its money back to the escrow, where it is nobody's.
    function test_what_comes_back_to_the_escrow() public {
        vm.prank(stranger);
        escrow.fundWithAuthorization(_ofItself, 1, signTerms(STRANGER_KEY, _ofItself), _noAuthorization);
        uint256 held = _money.balanceOf(address(escrow));
        vm.prank(stranger);
        escrow.refund(_ofItself, 1);
        same(_money.balanceOf(address(escrow)), held + AMOUNT, "law 1: the token makes it once more");
        same(escrow.credits(address(_money), address(escrow)), 0, "law 13: delivered, not credited");
        bytes memory invalid = abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, address(escrow));
        refuses(
            stranger,
            abi.encodeCall(escrow.withdraw, (address(_money), address(escrow), address(escrow))),
            invalid,
            "law 13: nobody withdraws to the escrow"
        );
        refuses(
            stranger,
            abi.encodeCall(escrow.withdraw, (address(_money), address(escrow), stranger)),
            abi.encodeWithSelector(IMilestoneEscrow.NotCreditOwner.selector, stranger, address(escrow)),
            "law 13: nor from it"
        );
        _honestIsPaid();
    }

    function _honestIsPaid() private {
        uint256 state = vm.snapshotState();
        Books memory books = booksOf(_honest);
        releaseAll(_honest);
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(_honest), books, "law 8: the honest agreement");
        vm.revertToState(state);
    }
}
