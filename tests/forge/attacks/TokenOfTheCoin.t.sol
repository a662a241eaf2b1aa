// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {CoinFaceToken} from "../mocks/CoinFaceToken.sol";
import {StubbornWallet} from "../mocks/StubbornWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenOfTheCoin
/// @notice On some chains the coin also has the face of a token: one balance under two names. The attacker hopes that
/// coin which came in under one counts under both, that a credit is withdrawn twice, or that one transfer funds two
/// agreements.
///
/// The escrow keeps no count by balance. What came in under a name leaves under that name, once; coin sent along with
/// an act in the token is refused, and so is an allowance where coin is due.
contract TokenOfTheCoin is AttackTest {
    CoinFaceToken private _face;
    StubbornWallet private _payee;
    Terms private _inCoin;
    Terms private _inFace;

    function setUp() public override {
        super.setUp();
        _face = new CoinFaceToken();
        _payee = new StubbornWallet();
        _inCoin = inCoin(fixedPrice(1000));
        _inCoin.payee = address(_payee);
        _inFace = _inCoin;
        _inFace.token = address(_face);
        vm.prank(client);
        _face.approve(address(escrow), type(uint256).max);
    }

    function test_each_leaves_under_its_own_name() public {
        _fundBoth();
        Books memory books = booksOf(_inCoin);
        same(books.escrow, 2000, "law 1: both are in one balance");
        releaseAll(_inCoin);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_inCoin), books, "law 3");
        same(uint8(statusOf(_inFace, 0)), uint8(Status.Active), "law 8: the other agreement");

        dispute(_inFace, 0, 10_000, freelancer);
        vm.prank(arbiter);
        escrow.rule(_inFace, 0, 600, 0);
        paid(books, 600, 350, 50);
        sameBooks(booksOf(_inFace), books, "law 3");
        same(books.escrow, 0, "law 1: and nothing is left");
    }

    /// One sum pays for one agreement: not coin for the token, nor an allowance for the coin, nor both at once.
    function test_one_sum_for_two() public {
        bytes memory coin = abi.encodeCall(escrow.fund, (_inCoin, 1, ""));
        bytes memory face = abi.encodeCall(escrow.fund, (_inFace, 1, ""));
        refuses(client, 1000, face, _mismatch(1000, 0), "law 1: coin for the token");
        refuses(client, coin, _mismatch(0, 1000), "law 1: an allowance for the coin");
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (face, coin);
        bytes memory batch = abi.encodeCall(escrow.multicall, (calls));
        refuses(client, 1000, batch, "", "law 1: a batch with value");
        uint256 state = vm.snapshotState();
        refuses(client, batch, _mismatch(0, 1000), "law 1: what the token moved, as coin");
        vm.revertToState(state);
        (calls[0], calls[1]) = (coin, face);
        batch = abi.encodeCall(escrow.multicall, (calls));
        refuses(client, batch, _mismatch(0, 1000), "law 1: what the token will move, as coin");
        same(address(escrow).balance, 0, "law 1: nothing came in");
        same(escrow.statusesOf(idOf(_inCoin)) + escrow.statusesOf(idOf(_inFace)), 0, "law 1: nothing is funded");
    }

    /// Less than the price by allowance, with the rest there already as somebody else's coin.
    function test_others_coin_makes_up_for_nothing() public {
        fund(_inCoin, 1);
        vm.prank(client);
        _face.approve(address(escrow), 999);
        refuses(
            client,
            abi.encodeCall(escrow.fund, (_inFace, 1, "")),
            abi.encodeWithSignature("Panic(uint256)", 0x11),
            "law 1: one less than the price"
        );
        same(address(escrow).balance, 1000, "law 8: the others' coin");
    }

    /// A payee that refuses the coin is not called by the token: one payout waits, the other is made, and the credit
    /// leaves under its own name alone.
    function test_a_credit() public {
        _fundBoth();
        _payee.setManner(StubbornWallet.Manner.Revert, 0);
        Books memory books = booksOf(_inCoin);
        releaseAll(_inCoin);
        books.payeeCredit = 1000;
        sameBooks(booksOf(_inCoin), books, "law 13: credited as coin");
        address owner = address(_payee);
        bytes memory asFace = abi.encodeCall(escrow.withdraw, (address(_face), owner, stranger));
        refuses(owner, asFace, nothingToWithdraw(address(_face), owner), "law 13: under the other name");

        releaseAll(_inFace);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_inCoin), books, "law 13: paid as the token");
        same(escrow.credits(address(_face), owner), 0, "law 13: no credit of the token");
        refuses(owner, asFace, nothingToWithdraw(address(_face), owner), "law 13: under the other name");
        uint256 before = stranger.balance;
        withdraw(owner, address(0), owner, stranger);
        same(stranger.balance - before, 1000, "law 13: where the owner sends it");
        refuses(
            owner,
            abi.encodeCall(escrow.withdraw, (address(0), owner, stranger)),
            nothingToWithdraw(address(0), owner),
            "law 13: once"
        );
        same(address(escrow).balance, 0, "law 1: nothing is left");
    }

    function test_no_amendment_leads_from_one_to_the_other() public {
        fund(_inCoin, 1);
        fund(_inFace, 1);
        _mismatches(_inCoin, _inFace);
        _mismatches(_inFace, _inCoin);
        same(address(escrow).balance, 2000, "law 1: as it was");
    }

    function _mismatches(Terms memory terms, Terms memory replacement) private {
        replacement = abi.decode(abi.encode(replacement), (Terms));
        replacement.salt = bytes32(uint256(1));
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 0, 1000);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
        bytes memory error =
            abi.encodeWithSelector(IMilestoneEscrow.AmendmentMismatch.selector, idOf(terms), idOf(replacement));
        refuses(client, abi.encodeCall(escrow.amend, (terms, replacement, amendment)), error, "law 18: another token");
    }

    function _fundBoth() private {
        fund(_inCoin, 1);
        fund(_inFace, 1);
    }

    function _mismatch(uint256 given, uint256 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.ValueMismatch.selector, given, required);
    }
}
