// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {StubbornWallet} from "../mocks/StubbornWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title RecipientRefuses
/// @notice A payee, a client or an arbiter with code refuses the coin: it reverts, uses all the gas, answers with a
/// megabyte, or wants more gas than it is given. The attacker hopes that a ruling or a release which it does not like
/// cannot be carried out, and that the others wait with it.
///
/// A push has a bound of gas, copies no answer, and where it fails the amount becomes a credit; the others are paid in
/// the same act. The credit leaves to any address its owner names, or to the owner by anybody's hand once it takes it.
contract RecipientRefuses is AttackTest {
    /// What a push gives a recipient with code, and what the EVM adds where value comes along.
    uint256 private constant GIVEN = 200_000 + 2300;

    uint256 private constant MEGABYTE = 1_000_000;
    /// What a recipient can just build with the gas it is given.
    uint256 private constant AFFORDABLE = 280_000;

    StubbornWallet private _client;
    StubbornWallet private _payee;
    StubbornWallet private _arbiter;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _client = new StubbornWallet();
        _payee = new StubbornWallet();
        _arbiter = new StubbornWallet();
        Terms memory terms = inCoin(fixedPrice(1000));
        terms.client = address(_client);
        terms.payee = address(_payee);
        terms.arbiter = address(_arbiter);
        vm.deal(address(_client), 1000);
        _terms = terms;
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
    }

    function test_one_that_reverts() public {
        _refusing(StubbornWallet.Manner.Revert, 0, abi.encodeWithSelector(StubbornWallet.Stubborn.selector));
    }

    function test_one_that_uses_all_the_gas() public {
        _refusing(StubbornWallet.Manner.BurnGas, 0, abi.encodeWithSelector(Errors.FailedCall.selector));
    }

    function test_one_that_reverts_with_a_megabyte() public {
        _refusing(StubbornWallet.Manner.RevertBomb, MEGABYTE, new bytes(MEGABYTE));
    }

    /// Building the megabyte takes two million of gas, which a push does not give and a withdrawal does.
    function test_one_that_returns_a_megabyte() public {
        _refusing(StubbornWallet.Manner.ReturnBomb, MEGABYTE, "");
    }

    function test_one_that_uses_more_gas_than_it_is_given() public {
        _refusing(StubbornWallet.Manner.UseGas, GIVEN + 1, "");
    }

    function test_one_that_wants_more_gas_than_it_is_given() public {
        _refusing(StubbornWallet.Manner.WantGas, GIVEN + 1, "");
    }

    function test_one_that_uses_what_it_is_given() public {
        _accepting(StubbornWallet.Manner.UseGas, 200_000);
    }

    function test_one_that_wants_what_it_is_given() public {
        _accepting(StubbornWallet.Manner.WantGas, 200_000);
    }

    /// An answer as large as the gas allows costs the act no more than a recipient who uses all of it: it is not copied.
    function test_a_large_answer_is_not_copied() public {
        uint256 state = vm.snapshotState();
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        uint256 most = _ruleGas();

        vm.revertToState(state);
        _payee.setManner(StubbornWallet.Manner.RevertBomb, AFFORDABLE);
        holds(_ruleGas() <= most, "law 16: a large answer was copied");
        same(escrow.credits(address(0), address(_payee)), 600, "law 13: refused with it");

        vm.revertToState(state);
        _payee.setManner(StubbornWallet.Manner.ReturnBomb, AFFORDABLE);
        holds(_ruleGas() <= most, "law 16: a large answer was copied");
        same(address(_payee).balance, 600, "law 3: taken with it");
    }

    /// All three refuse: the ruling is made all the same.
    function test_all_three() public {
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        _client.setManner(StubbornWallet.Manner.RevertBomb, MEGABYTE);
        _arbiter.setManner(StubbornWallet.Manner.Revert, 0);
        Books memory books = booksOf(_terms);
        _rule();
        (books.payeeCredit, books.clientCredit, books.arbiterCredit) = (600, 350, 50);
        sameBooks(booksOf(_terms), books, "law 13");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Split), "law 4: it has ended");
    }

    /// Each of the three refuses alone. `error` is what a withdrawal to the refusing owner fails with; where it is empty
    /// a withdrawal gives the gas that a push does not.
    function _refusing(StubbornWallet.Manner manner, uint256 gas_, bytes memory error) private {
        StubbornWallet[3] memory wallets = [_payee, _client, _arbiter];
        uint256[3] memory parts = [uint256(600), 350, 50];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 3; ++k) {
            wallets[k].setManner(manner, gas_);
            Books memory books = booksOf(_terms);
            _rule();
            if (k == 0) books.payeeCredit = 600;
            if (k == 1) books.clientCredit = 350;
            if (k == 2) books.arbiterCredit = 50;
            paid(books, k == 0 ? 0 : 600, k == 1 ? 0 : 350, k == 2 ? 0 : 50);
            sameBooks(booksOf(_terms), books, "law 13");
            same(books.escrow, parts[k], "law 1: the credit is there");
            _withdrawn(wallets[k], parts[k], error);
            vm.revertToState(state);
        }
    }

    function _withdrawn(StubbornWallet wallet, uint256 amount, bytes memory error) private {
        address owner = address(wallet);
        bytes memory toOwner = abi.encodeCall(escrow.withdraw, (address(0), owner, owner));
        uint256 state = vm.snapshotState();
        withdraw(owner, address(0), owner, address(0xE15E));
        same(address(0xE15E).balance, amount, "law 13: where the owner sends it");
        same(address(escrow).balance, 0, "law 1: nothing is left");
        refuses(owner, toOwner, nothingToWithdraw(address(0), owner), "law 13: paid once");

        vm.revertToState(state);
        refuses(
            stranger,
            abi.encodeCall(escrow.withdraw, (address(0), owner, stranger)),
            abi.encodeWithSelector(IMilestoneEscrow.NotCreditOwner.selector, stranger, owner),
            "law 13: somebody else's credit"
        );
        if (error.length != 0) {
            vm.prank(stranger);
            (bool success, bytes memory answer) = address(escrow).call{gas: BLOCK_GAS}(toOwner);
            holds(!success, "law 13: a withdrawal to one that refuses");
            sameBytes(answer, error, "law 13: a withdrawal to one that refuses");
            same(escrow.credits(address(0), owner), amount, "law 13: the credit stays");
            wallet.setManner(StubbornWallet.Manner.Accept, 0);
        }
        withdraw(stranger, address(0), owner, owner);
        same(owner.balance, amount, "law 13: to the owner by anybody's hand");
        same(address(escrow).balance, 0, "law 1: nothing is left");
        refuses(stranger, toOwner, nothingToWithdraw(address(0), owner), "law 13: paid once");
    }

    function _accepting(StubbornWallet.Manner manner, uint256 gas_) private {
        _payee.setManner(manner, gas_);
        _client.setManner(manner, gas_);
        _arbiter.setManner(manner, gas_);
        Books memory books = booksOf(_terms);
        _rule();
        paid(books, 600, 350, 50);
        sameBooks(booksOf(_terms), books, "law 3: all three are paid");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    function _ruleGas() private returns (uint256) {
        uint256 gasBefore = gasleft();
        _rule();
        return gasBefore - gasleft();
    }

    /// 600 to the payee, 350 to the client, 50 of fee, within a million of gas.
    function _rule() private {
        vm.prank(address(_arbiter));
        escrow.rule{gas: 1_000_000}(_terms, 0, 600, 0);
    }
}
