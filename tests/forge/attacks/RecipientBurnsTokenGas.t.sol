// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {CallingToken} from "../mocks/CallingToken.sol";
import {MoodyToken} from "../mocks/MoodyToken.sol";
import {StubbornWallet} from "../mocks/StubbornWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title RecipientBurnsTokenGas
/// @notice A token is pushed without a bound of gas. A token, or a recipient whom a token calls, uses all of it and hopes
/// that the act never ends: that a ruling against it is not made, or the other party's part is not paid.
///
/// The EVM keeps a 64th part back from every call, the token's own included. Of the gas that one transaction may bring on the strictest chain
/// (EIP-7825) that is enough to credit the one who burns and to pay or credit the others: one hostile party holds up nobody. Two
/// of three who burn keep a ruling over both from being made; that is the two parties themselves, who can settle at any
/// time, or a party and the arbiter, and then it ends as if the arbiter were silent.
contract RecipientBurnsTokenGas is AttackTest {
    /// What the data of the transaction leave of its gas.
    uint256 private constant ACT_GAS = TRANSACTION_GAS - 100_000;

    StubbornWallet private _client;
    StubbornWallet private _payee;
    StubbornWallet private _arbiter;
    CallingToken private _money;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _client = new StubbornWallet();
        _payee = new StubbornWallet();
        _arbiter = new StubbornWallet();
        _money = new CallingToken();
        Terms memory terms = fixedPrice(1000);
        terms.token = address(_money);
        terms.client = address(_client);
        terms.payee = address(_payee);
        terms.arbiter = address(_arbiter);
        _money.mint(address(_client), 1000);
        vm.prank(address(_client));
        _money.approve(address(escrow), 1000);
        _terms = terms;
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
    }

    function test_one_of_three() public {
        StubbornWallet[3] memory wallets = [_payee, _client, _arbiter];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 3; ++k) {
            wallets[k].setManner(StubbornWallet.Manner.BurnGas, 0);
            Books memory books = booksOf(_terms);
            holds(_rule(ACT_GAS), "law 16: the ruling is not made");
            if (k == 0) books.payeeCredit = 600;
            if (k == 1) books.clientCredit = 350;
            if (k == 2) books.arbiterCredit = 50;
            paid(books, k == 0 ? 0 : 600, k == 1 ? 0 : 350, k == 2 ? 0 : 50);
            sameBooks(booksOf(_terms), books, "law 13");

            // Nobody delivers to one who burns; the owner sends it elsewhere.
            address owner = address(wallets[k]);
            vm.prank(stranger);
            (bool success,) =
                address(escrow).call{gas: ACT_GAS}(abi.encodeCall(escrow.withdraw, (address(_money), owner, owner)));
            holds(!success, "law 13: delivered to one who burns");
            withdraw(owner, address(_money), owner, stranger);
            same(_money.balanceOf(address(escrow)), 0, "law 13: where the owner sends it");
            vm.revertToState(state);
        }
    }

    /// Both parties burn, and no ruling is made that pays both; either party then lapses or settles as they like, for
    /// one who burns is credited as soon as the other does not.
    function test_two_of_three_are_as_a_silent_arbiter() public {
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        _client.setManner(StubbornWallet.Manner.BurnGas, 0);
        holds(!_rule(ACT_GAS), "law 16: the ruling is made");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Disputed), "law 6: as it was");

        vm.warp(block.timestamp + _terms.rulingPeriod);
        _client.setManner(StubbornWallet.Manner.Accept, 0);
        Books memory books = booksOf(_terms);
        vm.prank(stranger);
        escrow.lapse{gas: ACT_GAS}(_terms, 0);
        books.payeeCredit = 500;
        paid(books, 0, 500, 0);
        sameBooks(booksOf(_terms), books, "law 16: whoever does not burn is paid");
    }

    /// A ruling of everything to one side asks nothing of the other, so little gas is enough.
    function test_who_receives_nothing_is_not_called() public {
        _terms.arbiterFeeBps = 0;
        _terms.salt = bytes32(uint256(1));
        _money.mint(address(_client), 1000);
        vm.prank(address(_client));
        _money.approve(address(escrow), 1000);
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        Books memory books = booksOf(_terms);
        vm.prank(address(_arbiter));
        escrow.rule{gas: 1_000_000}(_terms, 0, 0, 0);
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(_terms), books, "law 16: who receives nothing is not called");
    }

    /// One burns and another refuses: both are credited, and the third is paid.
    function test_one_who_burns_and_one_who_refuses() public {
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        _client.setManner(StubbornWallet.Manner.Revert, 0);
        Books memory books = booksOf(_terms);
        holds(_rule(ACT_GAS), "law 16: the ruling is not made");
        (books.payeeCredit, books.clientCredit) = (600, 350);
        paid(books, 0, 0, 50);
        sameBooks(booksOf(_terms), books, "law 13");
    }

    /// A token that itself burns: each act that pays one ends as a credit, and takes the gas of a transaction.
    function test_a_token_that_burns() public {
        MoodyToken money = new MoodyToken();
        Terms memory terms = dealIn(money, 1000);
        fund(terms, 1);
        money.setManner(MoodyToken.Manner.BurnGas, MoodyToken.Manner.True);
        Books memory books = booksOf(terms);
        vm.prank(freelancer);
        uint256 gasBefore = gasleft();
        escrow.refund{gas: ACT_GAS}(terms, 1);
        holds(gasBefore - gasleft() > ACT_GAS / 64 * 63, "the token burned nothing");
        books.clientCredit = 1000;
        sameBooks(booksOf(terms), books, "law 13");

        money.setManner(MoodyToken.Manner.True, MoodyToken.Manner.True);
        withdraw(stranger, address(money), client, client);
        books.clientCredit = 0;
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(terms), books, "law 13");
    }

    /// 600 to the payee, 350 to the client, 50 of fee.
    function _rule(uint256 gas_) private returns (bool success) {
        vm.cool(address(escrow));
        vm.cool(address(_money));
        vm.prank(address(_arbiter));
        (success,) = address(escrow).call{gas: gas_}(abi.encodeCall(escrow.rule, (_terms, 0, 600, 0)));
    }
}
