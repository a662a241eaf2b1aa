// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Authorization, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {ForgingToken} from "../mocks/ForgingToken.sol";
import {SilentFallbackToken} from "../mocks/SilentFallbackToken.sol";
import {Vm, vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title ForgedFunding
/// @notice A token judges the authorisations over itself (ERC-3009), so one that is made to deceive says yes for
/// anybody. The attacker hopes to bind a client who never signed, to be paid by them in honest money, or to have money
/// counted that never came.
///
/// It can name anybody as the client of an agreement in that token, and no more: the token is a word of the deal, so
/// only that token's money is in it, the client owes nothing and gets back what comes back, and honest tokens, whatever
/// allowance the client gave, are not called. What did not arrive exactly is refused.
contract ForgedFunding is ConsentTest {
    ForgingToken private _forging;
    /// Names the client, who has nothing to do with it; the stranger is the freelancer and is paid themselves.
    Terms private _forged;
    /// The client's real deal, in honest money.
    Terms private _honest;
    uint256 private _statuses;
    Authorization private _noAuthorization;

    function setUp() public override {
        super.setUp();
        _honest = fixedPrice(oneByOne(2, AMOUNT));
        fund(_honest, 3);
        _statuses = escrow.statusesOf(idOf(_honest));
        _forging = new ForgingToken();
        Terms memory forged = fixedPrice(AMOUNT);
        forged.token = address(_forging);
        (forged.freelancer, forged.payee, forged.arbiter) = (stranger, stranger, address(0));
        _forged = forged;
    }

    /// What it can do: an agreement that names the client, accepted by the attacker, stands in the logs and the views.
    function test_names_anybody() public {
        bytes memory acceptance = signTerms(STRANGER_KEY, _forged);
        vm.recordLogs();
        vm.prank(stranger);
        escrow.fundWithAuthorization(_forged, 1, acceptance, _noAuthorization);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        same(logs.length, 1, "law 11: one event");
        holds(logs[0].topics[0] == IMilestoneEscrow.MilestonesFunded.selector, "law 11: the event");
        holds(logs[0].topics[1] == idOf(_forged), "law 11: the agreement");
        holds(logs[0].topics[2] == bytes32(uint256(uint160(client))), "law 11: it names the client");
        same(uint8(statusOf(_forged, 0)), uint8(Status.Active), "law 11: as accepted");
        same(_forging.balanceOf(address(escrow)), AMOUNT, "law 1: the money of that token");
        _honestIsUntouched();
    }

    /// The whole way to a payout: the attacker is paid what they made themselves.
    function test_is_paid_in_its_own_money() public {
        Books memory honest = booksOf(_honest);
        _fundForged();
        vm.prank(stranger);
        escrow.submit(_forged, 0, 10_000, 0);
        vm.warp(BEGIN + _forged.reviewPeriod);
        vm.prank(stranger);
        escrow.release(_forged, 1, noApprovals());
        same(_forging.balanceOf(stranger), AMOUNT, "law 3: what was forged");
        same(_forging.balanceOf(address(escrow)), 0, "law 1: nothing is left");
        sameBooks(booksOf(_honest), honest, "law 8: no honest money");
        same(token.balanceOf(stranger), 0, "law 7: no honest money");
        vm.warp(BEGIN);
        _honestIsUntouched();
    }

    /// The client is bound to nothing, and may act as any client does: what comes back is theirs.
    function test_the_client_gets_what_comes_back() public {
        Books memory honest = booksOf(_honest);
        _fundForged();
        vm.prank(client);
        escrow.requestRefund(_forged, 0, 0);
        vm.warp(BEGIN + _forged.responsePeriod);
        escrow.refund(_forged, 1);
        same(_forging.balanceOf(client), AMOUNT, "law 3: a gift");
        sameBooks(booksOf(_honest), honest, "law 8: no honest money");
        vm.warp(BEGIN);
        _honestIsUntouched();
    }

    /// Offered, it can be declined by the client alone; the attacker cannot make an honest freelancer accept.
    function test_names_an_honest_freelancer() public {
        Terms memory forged = _forged;
        forged.freelancer = freelancer;
        bytes memory forgery = signTerms(STRANGER_KEY, forged);
        bytes memory error = signatureInvalid(freelancer, idOf(forged));
        bytes memory data = abi.encodeCall(escrow.fundWithAuthorization, (forged, 1, forgery, _noAuthorization));
        refuses(stranger, data, error, "law 11: not accepted");
        vm.prank(stranger);
        escrow.fundWithAuthorization(forged, 1, "", _noAuthorization);
        refuses(stranger, abi.encodeCall(escrow.accept, (forged, 1, forgery)), error, "law 11: not accepted");
        refuses(
            stranger,
            abi.encodeCall(escrow.refund, (forged, 1)),
            abi.encodeWithSelector(IMilestoneEscrow.NotParty.selector, stranger, client, freelancer),
            "law 7: nor taken back by the attacker"
        );
        vm.prank(client);
        escrow.refund(forged, 1);
        same(_forging.balanceOf(client), AMOUNT, "law 3: a gift");
        _honestIsUntouched();
    }

    /// The client's signatures for the honest deal do not count in the forged one, and nobody signs in their name.
    function test_binds_the_client_to_nothing() public {
        _fundForged();
        bytes memory approval = signatureOf(Kind.ReleaseByStranger, _honest);
        bytes memory offer = signatureOf(Kind.SettleByFreelancer, _honest);
        isInvalid(Kind.ReleaseByStranger, _forged, approval, "law 11: an approval of the honest deal");
        isInvalid(Kind.SettleByFreelancer, _forged, offer, "law 11: an offer in the honest deal");
        isInvalid(
            Kind.ReleaseByStranger,
            _forged,
            sign(STRANGER_KEY, digestOf(Kind.ReleaseByStranger, _forged)),
            "law 11: the attacker's own approval"
        );
        _honestIsUntouched();
    }

    /// An honest token judges for itself: the forged yes is of no use there, nor is the client's allowance.
    function test_an_honest_token_is_not_forged() public {
        Terms memory terms = _honest;
        terms.salt = bytes32(uint256(1));
        Books memory books = booksOf(terms);
        Authorization memory forgery = authorize(terms, 1);
        (forgery.v, forgery.r, forgery.s) = vm.sign(STRANGER_KEY, authorizationDigest(terms, 1));
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", forgery)),
            authorizationInvalid(terms, 1),
            "law 11: not the client's"
        );
        sameBooks(booksOf(terms), books, "law 11: nothing moved");
        same(escrow.statusesOf(idOf(terms)), 0, "law 11: nothing is funded");
    }

    /// Whose money it takes within its own books is its own matter; whoever holds such a token has that risk anyway.
    function test_takes_from_whoever_it_wants_in_its_own_books() public {
        uint256 state = vm.snapshotState();
        _forging.mint(client, AMOUNT);
        _forging.setManner(ForgingToken.Manner.Take);
        _fundForged();
        same(_forging.balanceOf(client), 0, "law 1: from the client, in that token");
        _honestIsUntouched();
        vm.revertToState(state);

        _forging.mint(address(this), AMOUNT);
        _forging.setManner(ForgingToken.Manner.Give);
        _fundForged();
        same(_forging.balanceOf(address(this)), 0, "law 1: from its maker");
        _honestIsUntouched();
    }

    /// What did not arrive exactly was not funded.
    function test_forges_a_sum_that_does_not_arrive() public {
        _forging.mint(address(escrow), 7);
        _inexact(ForgingToken.Manner.Nothing, 7);
        _inexact(ForgingToken.Manner.Less, 7 + AMOUNT - 1);
        _inexact(ForgingToken.Manner.More, 7 + AMOUNT + 1);
        _inexact(ForgingToken.Manner.Empty, 0);
        SilentFallbackToken silent = new SilentFallbackToken();
        Terms memory forged = _forged;
        forged.token = address(silent);
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (forged, 1, "", _noAuthorization)),
            notExact(address(silent), 0, 0, AMOUNT),
            "law 1: a token that knows no authorisations and says nothing"
        );
        same(escrow.statusesOf(idOf(forged)), 0, "law 1: nothing is funded");
        _honestIsUntouched();
    }

    /// While it is asked it reaches for the client's honest allowance, which is the escrow's and not the token's.
    function test_reaches_for_honest_money_meanwhile() public {
        bytes[2] memory attempts = [
            abi.encodeCall(token.transferFrom, (client, stranger, AMOUNT)),
            abi.encodeCall(token.transferFrom, (address(escrow), stranger, AMOUNT))
        ];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < attempts.length; ++k) {
            _forging.setCall(address(token), attempts[k]);
            _fundForged();
            holds(!_forging.isAnswered(), "law 7: honest money moved");
            sameBytes(
                _forging.answer(),
                abi.encodeWithSelector(
                    IERC20Errors.ERC20InsufficientAllowance.selector, address(_forging), uint256(0), AMOUNT
                ),
                "law 7: the honest token's answer"
            );
            _honestIsUntouched();
            vm.revertToState(state);
        }
    }

    function _fundForged() private {
        bytes memory acceptance = signTerms(STRANGER_KEY, _forged);
        vm.prank(stranger);
        escrow.fundWithAuthorization(_forged, 1, acceptance, _noAuthorization);
    }

    function _inexact(ForgingToken.Manner manner, uint256 later) private {
        _forging.setManner(manner);
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (_forged, 1, "", _noAuthorization)),
            notExact(address(_forging), 7, later, AMOUNT),
            "law 1: not what arrived"
        );
        same(escrow.statusesOf(idOf(_forged)), 0, "law 1: nothing is funded");
        same(_forging.balanceOf(address(escrow)), 7, "law 1: as before");
    }

    /// The honest deal stands as it stood and pays both its milestones in full.
    function _honestIsUntouched() private {
        uint256 state = vm.snapshotState();
        Terms memory honest = _honest;
        same(escrow.statusesOf(idOf(honest)), _statuses, "law 8: the honest deal");
        Books memory books = booksOf(honest);
        same(books.escrow, 2 * AMOUNT, "law 1: the honest money");
        releaseAll(honest);
        vm.prank(freelancer);
        escrow.refund(honest, 2);
        paid(books, AMOUNT, AMOUNT, 0);
        sameBooks(booksOf(honest), books, "law 8: both are paid");
        vm.revertToState(state);
    }
}
