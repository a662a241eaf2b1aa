// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SilentToken} from "../../../contracts/mocks/SilentToken.sol";
import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {WaryToken} from "../mocks/WaryToken.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title TokenGuardsAllowance
/// @notice Some tokens change an allowance only from or to nothing, some refuse one of nothing. The attacker hopes that
/// the escrow gets stuck on an allowance that stands; or that of two allowances, when the client changes one into the
/// other, both are used.
///
/// The escrow allows nobody anything, and never asks the client for more than the price. An allowance for it is used by
/// the client's own call alone, so that there is nothing to be faster with.
contract TokenGuardsAllowance is AttackTest {
    WaryToken private _money;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _money = new WaryToken();
        _money.mint(client, 3000);
        _terms = fixedPrice(oneByOne(2, 1000));
        _terms.token = address(_money);
    }

    /// From the funding to the last payout, in every way out, the escrow sets no allowance.
    function test_the_escrow_allows_nobody_anything() public {
        _allow(2000);
        fund(_terms, 3);
        Books memory books = booksOf(_terms);
        dispute(_terms, 0, 10_000, freelancer);
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 600, 0);
        vm.prank(freelancer);
        escrow.refund(_terms, 2);
        paid(books, 600, 1350, 50);
        sameBooks(booksOf(_terms), books, "law 3");
        same(books.escrow, 0, "law 1: nothing is left");
        same(_money.approvals(address(escrow)), 0, "law 1: an allowance of the escrow's");
        same(_money.approvals(client), 1, "law 1: the client's own");
        address[6] memory spenders = [client, freelancer, payee, arbiter, stranger, address(escrow)];
        for (uint256 k = 0; k < spenders.length; ++k) {
            same(_money.allowance(address(escrow), spenders[k]), 0, "law 1: what the escrow holds is nobody's");
        }
        same(_money.allowance(client, address(escrow)), 0, "law 1: used up");
    }

    /// What is left of an allowance neither funds for less nor keeps the client from anything: it is used first.
    function test_an_allowance_that_stands() public {
        _allow(1500);
        fund(_terms, 1);
        bytes memory stands =
            abi.encodeWithSelector(WaryToken.AllowanceStands.selector, client, address(escrow), uint256(500));
        vm.prank(client);
        (bool success, bytes memory answer) =
            address(_money).call(abi.encodeCall(_money.approve, (address(escrow), 1000)));
        holds(!success, "the token lets an allowance change");
        sameBytes(answer, stands, "the token's answer");
        bytes memory underflow = abi.encodeWithSignature("Panic(uint256)", 0x11);
        refuses(client, abi.encodeCall(escrow.fund, (_terms, 2, "")), underflow, "law 1: for less than the price");
        same(_money.allowance(client, address(escrow)), 500, "law 1: nothing of it was used");

        // The client gets past it by an agreement over what is left.
        Terms memory rest = fixedPrice(500);
        rest.token = address(_money);
        fund(rest, 1);
        vm.prank(freelancer);
        escrow.refund(rest, 1);
        _allow(1000);
        Books memory books = booksOf(_terms);
        fund(_terms, 2);
        (books.client, books.escrow) = (books.client - 1000, books.escrow + 1000);
        sameBooks(booksOf(_terms), books, "law 1: funded");
        same(escrow.statusesOf(idOf(_terms)), 0x22, "law 6: both");
    }

    /// The client lowers an allowance by way of nothing. Before, between and after nobody else uses it.
    function test_an_allowance_that_changes() public {
        SilentToken money = new SilentToken();
        money.mint(client, 2000);
        Terms memory terms = _terms;
        terms.token = address(money);
        uint256[3] memory allowances = [uint256(2000), 0, 1000];
        for (uint256 k = 0; k < 3; ++k) {
            vm.prank(client);
            money.approve(address(escrow), allowances[k]);
            _nobodyElseUsesIt(terms);
        }
        bytes memory underflow = abi.encodeWithSignature("Panic(uint256)", 0x11);
        refuses(client, abi.encodeCall(escrow.fund, (terms, 3, "")), underflow, "law 1: the larger one is gone");
        fund(terms, 1);
        refuses(client, abi.encodeCall(escrow.fund, (terms, 2, "")), underflow, "law 1: the smaller one is used up");
        same(money.balanceOf(client), 1000, "law 1: one of two");
        same(money.balanceOf(address(escrow)), 1000, "law 1: one of two");
    }

    /// As the client of terms of their own, everybody pays themselves, and has nothing to pay with.
    function _nobodyElseUsesIt(Terms memory terms) private {
        SilentToken money = SilentToken(terms.token);
        address[4] memory others = [freelancer, payee, arbiter, stranger];
        for (uint256 k = 0; k < 4; ++k) {
            bytes memory data = abi.encodeCall(escrow.fund, (terms, 1, ""));
            bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.NotClient.selector, others[k], client);
            refuses(others[k], data, error, "law 7: the client's allowance");
            Terms memory own = abi.decode(abi.encode(terms), (Terms));
            own.client = others[k];
            (own.freelancer, own.payee, own.arbiter) = (address(0xF1), address(0xF2), address(0));
            error = abi.encodeWithSignature("Panic(uint256)", 0x11);
            refuses(others[k], abi.encodeCall(escrow.fund, (own, 1, "")), error, "law 7: the client's allowance");
        }
        same(money.balanceOf(client), 2000, "law 7: nothing moved");
    }

    function _allow(uint256 amount) private {
        vm.prank(client);
        _money.approve(address(escrow), amount);
    }
}
